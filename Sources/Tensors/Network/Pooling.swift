/// Half the size by the binomial low-pass (1 3 3 1)/8 in both directions, picture borders repeated: the filter between
/// octaves and in place of max pooling, which would write a grid into what is synthesized (Hénaff & Simoncelli 2016).
/// Works on any layout: neighbours are `block` floats apart.
package enum LowPassPooling {
    package static func forward(_ input: FeatureMap, into output: FeatureMap) {
        forward(input, into: output, at: .all(output.shape))
    }

    /// The same at these tiles of the output.
    static func forward(_ input: FeatureMap, into output: FeatureMap, at tiles: TileSet) {
        precondition(output.shape == input.shape.pooled, "pooling of \(input.shape) to \(output.shape)")
        forward(input.values, into: output.values, Geometry(input), at: tiles)
    }

    /// The same of one plane, row by row, without a map of its own: large ones are many megabytes.
    package static func halved(_ plane: Span<Float>, width: Int, height: Int) -> [Float] {
        precondition(plane.count == width * height, "\(plane.count) values of \(width) × \(height)")
        let geometry = Geometry(width: width, height: height)
        let small = MapShape(channels: 1, height: geometry.smallHeight, width: geometry.smallWidth)
        return plane.withUnsafeBufferPointer { plane in
            [Float](unsafeUninitializedCapacity: small.pixels) { result, count in
                forward(plane.baseAddress!, into: result.baseAddress!, geometry, at: .all(small))
                count = small.pixels
            }
        }
    }

    private static func forward(
        _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, _ geometry: Geometry, at tiles: TileSet
    ) {
        nonisolated(unsafe) let (from, to) = (input, output)
        geometry.rowsInStrips(of: tiles) { plane, y, columns in
            let rows = geometry.rows(y)
            let source = from + plane * geometry.row * geometry.height
            let target = to + (plane * geometry.smallHeight + y) * geometry.smallRow
            let (a, b) = (source + rows.0 * geometry.row, source + rows.1 * geometry.row)
            let (c, d) = (source + rows.2 * geometry.row, source + rows.3 * geometry.row)
            if geometry.block == 1 {
                geometry.shrinkPlane(columns, a, b, c, d, target)
            } else {
                for eight in stride(from: 0, to: geometry.block, by: 8) {
                    func column(_ x: Int) -> SIMD8<Float> {
                        let at = x * geometry.block + eight
                        return (a.load8(at) + d.load8(at) + 3 * (b.load8(at) + c.load8(at))) / 64
                    }
                    geometry.shrink(columns, column) { target.store($1, $0 * geometry.block + eight) }
                }
            }
        }
    }

    /// The adjoint: ∂loss/∂input from ∂loss/∂output; adds to what is there, or overwrites it.
    package static func addBackward(
        _ outputGradient: FeatureMap, to inputGradient: FeatureMap, overwriting: Bool = false
    ) {
        addBackward(outputGradient, to: inputGradient, overwriting: overwriting, at: .all(inputGradient.shape))
    }

    /// The same at these tiles of the input.
    static func addBackward(
        _ outputGradient: FeatureMap, to inputGradient: FeatureMap, overwriting: Bool, at tiles: TileSet
    ) {
        precondition(
            outputGradient.shape == inputGradient.shape.pooled,
            "pooling of \(inputGradient.shape) to \(outputGradient.shape)")
        let geometry = Geometry(inputGradient)
        nonisolated(unsafe) let (from, to) = (outputGradient.values, inputGradient.values)
        geometry.rowsInStrips(of: tiles) { plane, y, columns in
            let source = from + plane * geometry.smallRow * geometry.smallHeight
            let target = to + (plane * geometry.height + y) * geometry.row
            let (near, other, share) = Geometry.takers(of: y, size: geometry.height)
            let (a, b) = (source + near * geometry.smallRow, source + other * geometry.smallRow)
            if geometry.block == 1 {
                func column(_ x: Int) -> Float { (share * a[x] + b[x]) / 64 }
                geometry.spread(columns, column) { target[$0] = overwriting ? $1 : target[$0] + $1 }
            } else {
                for eight in stride(from: 0, to: geometry.block, by: 8) {
                    func column(_ x: Int) -> SIMD8<Float> {
                        let at = x * geometry.block + eight
                        return (share * a.load8(at) + b.load8(at)) / 64
                    }
                    geometry.spread(columns, column) {
                        let at = $0 * geometry.block + eight
                        target.store(overwriting ? $1 : target.load8(at) + $1, at)
                    }
                }
            }
        }
    }

    private struct Geometry: Sendable {
        let planes: Int, block: Int, width: Int, height: Int
        var row: Int { width * block }
        var smallWidth: Int { (width + 1) / 2 }
        var smallHeight: Int { (height + 1) / 2 }
        var smallRow: Int { smallWidth * block }

        init(_ large: FeatureMap) {
            planes = large.shape.count * large.blocks
            block = large.block
            width = large.shape.width
            height = large.shape.height
        }

        /// Of one plane.
        init(width: Int, height: Int) { (planes, block, self.width, self.height) = (1, 1, width, height) }

        /// Every row of these tiles, on every plane.
        func rowsInStrips(
            of tiles: TileSet, _ work: @Sendable (_ plane: Int, _ row: Int, _ columns: Range<Int>) -> Void
        ) {
            let segments = tiles.segments
            (0..<planes * segments.count).inStrips(of: 8, cost: row) { strip in
                for k in strip {
                    let segment = segments[k % segments.count]
                    for y in segment.rows { work(k / segments.count, y, segment.columns) }
                }
            }
        }

        /// The four rows of the large map that one of the small map is made of.
        func rows(_ y: Int) -> (Int, Int, Int, Int) {
            (max(2 * y - 1, 0), 2 * y, min(2 * y + 1, height - 1), min(2 * y + 2, height - 1))
        }

        /// Which two of the small map one place of the large map goes to: with this factor to the near one, with 1 to the
        /// other.
        static func takers(of at: Int, size: Int) -> (near: Int, other: Int, share: Float) {
            let (near, last) = (at / 2, (size + 1) / 2 - 1)
            // At an odd size's end the last place stands for its two neighbours beyond as well.
            if at % 2 == 0 { return (near, max(near - 1, 0), at == size - 1 ? 7 : 3) }
            return (near, min(near + 1, last), 3)
        }

        /// Some columns of a row of the small map from the large one's.
        @inline(__always) func shrink<V: Summand>(
            _ columns: Range<Int>, _ column: (Int) -> V, store: (Int, V) -> Void
        ) {
            var (a, b) = (column(max(2 * columns.lowerBound - 1, 0)), column(2 * columns.lowerBound))
            for x in columns {
                let (c, d) = (column(min(2 * x + 1, width - 1)), column(min(2 * x + 2, width - 1)))
                store(x, a + d + 3 * (b + c))
                (a, b) = (c, d)
            }
        }

        /// The same of a plane's four rows, in two loops that compilers make vectors of.
        func shrinkPlane(
            _ columns: Range<Int>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafePointer<Float>,
            _ d: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>
        ) {
            // From one column before the first two to one behind the last two; beyond the borders the border's.
            let first = 2 * columns.lowerBound - 1
            let count = 2 * columns.count + 2
            withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { sums in
                let sums = sums.baseAddress!
                let inside = max(first, 0)..<min(first + count, width)
                for x in inside { sums[x - first] = (a[x] + d[x] + 3 * (b[x] + c[x])) / 64 }
                for k in 0..<inside.lowerBound - first { sums[k] = sums[inside.lowerBound - first] }
                for k in inside.upperBound - first..<count { sums[k] = sums[inside.upperBound - 1 - first] }
                for k in 0..<columns.count {
                    target[columns.lowerBound + k] =
                        sums[2 * k] + sums[2 * k + 3] + 3 * (sums[2 * k + 1] + sums[2 * k + 2])
                }
            }
        }

        /// Some columns, from an even one on, of a row of the large map from the small one's.
        @inline(__always) func spread<V: Summand>(
            _ columns: Range<Int>, _ column: (Int) -> V, store: (Int, V) -> Void
        ) {
            let first = columns.lowerBound / 2
            var (before, at) = (column(max(first - 1, 0)), column(first))
            for x in first..<(columns.upperBound + 1) / 2 {
                let next = column(min(x + 1, smallWidth - 1))
                store(2 * x, Geometry.takers(of: 2 * x, size: width).share * at + before)
                if 2 * x + 1 < width { store(2 * x + 1, 3 * at + next) }
                (before, at) = (at, next)
            }
        }
    }
}

/// What a row is made of: a number or eight of them.
private protocol Summand {
    static func + (a: Self, b: Self) -> Self
    static func * (a: Float, b: Self) -> Self
}
extension Float: Summand {}
extension SIMD8<Float>: Summand {}
