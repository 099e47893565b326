/// Which tiles of 4 × 4 pixels of a map are asked for. What a layer does not need costs nothing.
struct TileSet: Sendable {
    /// A part of a tile row, in pixels.
    struct Segment: Sendable {
        let rows: Range<Int>
        let columns: Range<Int>
    }

    static let side = 4

    /// Tiles of a whole row and column.
    let across: Int
    let down: Int
    /// Row-major tile numbers, ascending.
    let tiles: [Int32]
    /// The same, neighbours in a row as one; ascending.
    let segments: [Segment]

    static func all(_ shape: MapShape) -> TileSet {
        TileSet(shape, [Bool](repeating: true, count: tileCount(shape)))
    }

    private static func across(_ length: Int) -> Int { (length + side - 1) / side }
    private static func tileCount(_ shape: MapShape) -> Int { across(shape.width) * across(shape.height) }

    private init(_ shape: MapShape, _ wanted: [Bool]) {
        across = Self.across(shape.width)
        down = Self.across(shape.height)
        tiles = wanted.indices.lazy.filter { wanted[$0] }.map { Int32($0) }
        var segments: [Segment] = []
        for row in 0..<down {
            var column = 0
            while column < across {
                let start = column
                while column < across, wanted[row * across + column] { column += 1 }
                if column > start {
                    segments.append(
                        Segment(
                            rows: row * Self.side..<min((row + 1) * Self.side, shape.height),
                            columns: start * Self.side..<min(column * Self.side, shape.width)))
                }
                column += 1
            }
        }
        self.segments = segments
    }

    /// Those with a place in them, and those that `above` needs of the map below a layer.
    init(_ shape: MapShape, holding regions: [Places], and above: TileSet?, reach: Reach) {
        let (across, down) = (Self.across(shape.width), Self.across(shape.height))
        var wanted = [Bool](repeating: false, count: across * down)
        for places in regions {
            for pixel in places.pixels {
                wanted[Int(pixel) / shape.width / Self.side * across + Int(pixel) % shape.width / Self.side] = true
            }
        }
        for tile in above?.tiles ?? [] {
            let (row, column) = (Int(tile) / above!.across, Int(tile) % above!.across)
            let (rows, columns) = (reach.tiles(row), reach.tiles(column))
            for y in rows.clamped(to: 0...down - 1) {
                for x in columns.clamped(to: 0...across - 1) { wanted[y * across + x] = true }
            }
        }
        self.init(shape, wanted)
    }

    /// From which tiles along one direction a layer makes one tile.
    enum Reach {
        case kernel(side: Int)
        case pooling

        func tiles(_ at: Int) -> ClosedRange<Int> {
            switch self {
            case .kernel(let side):
                let far = (side / 2 + TileSet.side - 1) / TileSet.side
                return at - far...at + far
            case .pooling: return 2 * at - 1...2 * at + 2
            }
        }
    }

    /// Segments of one tile row.
    func segments(ofRow row: Int) -> ArraySlice<Segment> {
        let start = segments.partitioningIndex { $0.rows.lowerBound >= row * Self.side }
        let end = segments.partitioningIndex { $0.rows.lowerBound >= (row + 1) * Self.side }
        return segments[start..<end]
    }
}

extension Array {
    /// The first index from which on `isBehind` holds; the array is in that order.
    func partitioningIndex(_ isBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
