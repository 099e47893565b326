/// One piece of an octave that is worked on at a time.
package struct DetailPiece {
    /// All that features look at: the texels that may change and fixed context around them.
    let outer: DetailWindow
    fileprivate let tile: DetailWindow
    fileprivate let size: Int

    /// Of `outer`, row by row, 0...1: how far a texel belongs to this piece; whole in its tile, fading in the overlap.
    /// Made anew each time.
    var mask: [Float] { DetailWindows.mask(tile, in: outer, size: size) }
    /// Outside of this the mask is zero.
    let changed: DetailWindow

    fileprivate init(_ tile: DetailWindow, in outer: DetailWindow, size: Int) {
        (self.tile, self.outer, self.size) = (tile, outer, size)
        func span(_ tile: Int, _ side: Int, _ outer: Int, _ length: Int) -> (start: Int, length: Int) {
            let (reach, context) = (DetailWindows.overlap - 1, DetailWindows.context)
            let low = max(tile - reach, outer > 0 ? outer + context : 0)
            let high = min(tile + side + reach, outer + length < size ? outer + length - context : size)
            return (low, max(high - low, 0))
        }
        let (x, width) = span(tile.x, tile.width, outer.x, outer.width)
        let (y, height) = span(tile.y, tile.height, outer.y, outer.height)
        changed = DetailWindow(x: x, y: y, width: width, height: height)
    }

    /// Whether one of them looks at what the other changes.
    package func concerns(_ other: DetailPiece) -> Bool { outer.touches(other.changed) || changed.touches(other.outer) }
}

/// Cuts an octave into tiles with overlap and context, each no larger than what is to be done in it. Small tiles converge
/// sooner than large ones, where one step length has to suit every region, and their maps stay in the processor's caches.
package struct DetailWindows {
    /// Texels of a tile's side.
    private let side: Int
    /// Texels around a tile that are worked on as well, and fixed context around those: features reach this far.
    static let overlap = 16
    static let context = 16
    /// Pieces have sides of multiples of this, since each size is prepared for once.
    private static let step = 32
    /// Texels that pieces begin at are multiples of this: as often as maps of theirs are halved.
    private let alignment: Int

    package init(side: Int, alignment: Int = 2) { (self.side, self.alignment) = (side, alignment) }

    /// - Parameters:
    ///   - work: `size × size`: where something is to be synthesized.
    /// - Returns: in reading order.
    package func pieces(_ work: [Bool], size: Int) -> [DetailPiece] {
        precondition(work.count == size * size && size % 2 == 0, "work of \(work.count) on \(size)²")
        let count = max(size / side, 1)
        let side = size / count
        return (0..<count * count).compactMap { k -> DetailPiece? in
            let tile = DetailWindow(x: k % count * side, y: k / count * side, width: side, height: side)
            guard let box = Self.bounds(work, size: size, in: tile) else { return nil }
            let reach = Self.overlap + Self.context
            let (x, width) = grown(box.x, box.width, by: reach, size: size)
            let (y, height) = grown(box.y, box.height, by: reach, size: size)
            let outer = DetailWindow(x: x, y: y, width: width, height: height)
            return DetailPiece(tile, in: outer, size: size)
        }
    }

    private static func bounds(_ work: [Bool], size: Int, in tile: DetailWindow) -> DetailWindow? {
        var (left, right, top, bottom) = (Int.max, Int.min, Int.max, Int.min)
        for y in tile.y..<tile.y + tile.height {
            for x in tile.x..<tile.x + tile.width where work[y * size + x] {
                (left, right) = (min(left, x), max(right, x))
                (top, bottom) = (min(top, y), max(bottom, y))
            }
        }
        guard left <= right else { return nil }
        return DetailWindow(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
    }

    /// An interval with `by` on either side, of a multiple of `step` where the map has room for it.
    private func grown(_ start: Int, _ length: Int, by: Int, size: Int) -> (start: Int, length: Int) {
        let low = max(start - by, 0) / alignment * alignment
        let high = min(start + length + by, size)
        let wanted = min((high - low + Self.step - 1) / Self.step * Self.step, size)
        return (max(min(low, size - wanted), 0), wanted)
    }

    fileprivate static func mask(_ tile: DetailWindow, in outer: DetailWindow, size: Int) -> [Float] {
        func share(_ at: Int, _ low: Int, _ high: Int) -> Float {
            let beyond = max(low - at, at - high + 1, 0)
            return max(Float(overlap - beyond) / Float(overlap), 0)
        }
        let across = (0..<outer.width).map { share(outer.x + $0, tile.x, tile.x + tile.width) }
        return (0..<outer.height).flatMap { row -> [Float] in
            let down = share(outer.y + row, tile.y, tile.y + tile.height)
            // Texels at the rim of `outer` are context, but where the map ends there is none.
            let atRim = row < context && outer.y > 0 || row >= outer.height - context && outer.y + outer.height < size
            return across.indices.map { x in
                let rim = x < context && outer.x > 0 || x >= outer.width - context && outer.x + outer.width < size
                return atRim || rim ? 0 : across[x] * down
            }
        }
    }
}
