internal import Foundation
internal import Tensors

/// The person's own skin for places that neither side shows: patches of what was seen at random places, faded into each other so
/// that contrast stays (by-example noise without its histogram, Heitz and Neyret 2018). A start for synthesis: its statistics
/// are those of other regions of the same face, and nothing of it sits where it was.
///
/// A patch has all octaves from one place, or those that share frequencies would weaken each other.
struct SkinByExample {
    /// Texels of the coarsest octave between the middles of neighbouring patches, which reach that far.
    private let step: Int
    private let side: Int
    /// Middles, texels of the coarsest octave, by patch: of the destination's, row by row, where each comes from.
    private let sources: [SIMD2<Int32>]
    private let columns: Int
    /// By patch: the mean of the coarsest octave, which goes: patches would be seen as blots.
    private let means: [Float]
    /// By patch: texels of the source along its width and height for one of the destination; 1 where they hardly differ. Skin
    /// has the same grain on the head wherever it is, not on the map.
    private let scales: [SIMD2<Float>]

    /// Patches' reach in turn: 11, 7 and 4 mm; larger ones keep more of what skin looks like.
    private static let steps = [8, 5, 3]
    /// Fewer places would be seen to repeat.
    private static let fewest = 150

    /// Beyond these a patch would be a blur or repeat itself.
    private static let leastScale: Float = 0.5
    private static let mostScale: Float = 4
    /// Scales nearer to 1 are taken for it: texels stay as they are.
    private static let tolerance: Float = 0.3

    /// - Parameters:
    ///   - coarsest: detail of the coarsest octave.
    ///   - extents: see `DetailPyramid.extents`.
    /// - Returns: `nil` where too little plain skin was seen.
    init?(
        _ coarsest: DetailMap, regions: DetailRegions, extents: [SIMD2<Float>], features: FixedFeatures, seed: UInt64
    ) {
        let side = coarsest.size
        let usable = coarsest.seen.indices.map {
            coarsest.seen[$0] > 0.9 && regions.plain[$0] > 0.9 && features.clean[$0]
        }
        var found: (step: Int, places: [SIMD2<Int32>])?
        for step in Self.steps where found == nil {
            let places = Self.middles(usable, side: side, reach: step)
            if places.count >= Self.fewest { found = (step, places) }
        }
        guard let found else { return nil }
        var generator = SeededGenerator(seed: seed)
        (step, self.side) = (found.step, side)
        columns = side / step + 2
        let sources = (0..<columns * columns).map { _ in
            found.places[min(Int(generator.uniform() * Double(found.places.count)), found.places.count - 1)]
        }
        let around = -found.step...found.step
        means = sources.map { source in
            let sum = around.reduce(Float(0)) { sum, y in
                around.reduce(sum) { $0 + coarsest.values[(Int(source.y) + y) * side + Int(source.x) + $1] }
            }
            return sum / Float(around.count * around.count)
        }
        self.sources = sources
        let (columns, step) = (columns, step)
        scales = sources.indices.map { patch in
            let (x, y) = (patch % columns * step, patch / columns * step)
            let own = x < side && y < side ? extents[y * side + x] : .zero
            let other = extents[Int(sources[patch].y) * side + Int(sources[patch].x)]
            guard own.min() > 0, other.min() > 0 else { return .one }
            let scale = own / other
            func bounded(_ scale: Float) -> Float {
                abs(log(scale)) < Self.tolerance ? 1 : min(max(scale, Self.leastScale), Self.mostScale)
            }
            return SIMD2(bounded(scale.x), bounded(scale.y))
        }
    }

    /// Places whose surroundings are usable throughout.
    private static func middles(_ usable: [Bool], side: Int, reach: Int) -> [SIMD2<Int32>] {
        var sums = [Int32](repeating: 0, count: (side + 1) * (side + 1))
        for y in 0..<side {
            for x in 0..<side {
                let at = (y + 1) * (side + 1) + x + 1
                sums[at] = (usable[y * side + x] ? 1 : 0) + sums[at - 1] + sums[at - side - 1] - sums[at - side - 2]
            }
        }
        let whole = 2 * reach + 1
        var result: [SIMD2<Int32>] = []
        for y in reach..<side - reach {
            for x in reach..<side - reach {
                let (top, left) = ((y - reach) * (side + 1), x - reach)
                let bottom = top + whole * (side + 1)
                let count =
                    sums[bottom + left + whole] - sums[bottom + left] - sums[top + left + whole] + sums[top + left]
                if count == Int32(whole * whole) { result.append(SIMD2(Int32(x), Int32(y))) }
            }
        }
        return result
    }

    /// One octave of it, 0 where there is no skin.
    /// - Parameters:
    ///   - band: the octave's detail less the next coarser one's; whole for the coarsest.
    ///   - covered: see `DetailRegions`.
    func octave(_ band: [Float], covered: ByteShares, size: Int) -> [Float] {
        let unit = size / side
        let reach = step * unit
        let isCoarsest = size == side
        var result = [Float](repeating: 0, count: size * size)
        for y in 0..<size {
            let (row, down) = (y / reach, (Float(y % reach) + 0.5) / Float(reach))
            for x in 0..<size where covered[y * size + x] > 0 {
                let (column, across) = (x / reach, (Float(x % reach) + 0.5) / Float(reach))
                var (sum, squares): (Float, Float) = (0, 0)
                for k in 0..<4 {
                    let (i, j) = (k & 1, k >> 1)
                    let weight = (i == 0 ? 1 - across : across) * (j == 0 ? 1 - down : down)
                    let patch = (row + j) * columns + column + i
                    let source = sources[patch]
                    let (dx, dy) = (x - (column + i) * reach, y - (row + j) * reach)
                    let (left, top, scale) = (Int(source.x) * unit, Int(source.y) * unit, scales[patch])
                    let value: Float
                    if scale == .one {
                        value = band[(top + dy) * size + left + dx]
                    } else {
                        let u = Self.folded(Float(dx) * scale.x, Float(reach)) + Float(left)
                        let v = Self.folded(Float(dy) * scale.y, Float(reach)) + Float(top)
                        value = Self.interpolated(band, size: size, u, v)
                    }
                    sum += weight * (value - (isCoarsest ? means[patch] : 0))
                    squares += weight * weight
                }
                result[y * size + x] = sum / squares.squareRoot()
            }
        }
        return result
    }

    /// There and back between −reach and reach.
    private static func folded(_ offset: Float, _ reach: Float) -> Float {
        let around = (offset + reach).truncatingRemainder(dividingBy: 4 * reach)
        let from = around < 0 ? around + 4 * reach : around
        return (from < 2 * reach ? from : 4 * reach - from) - reach
    }

    @inline(__always)
    private static func interpolated(_ band: [Float], size: Int, _ u: Float, _ v: Float) -> Float {
        let (i, j) = (min(max(Int(u), 0), size - 2), min(max(Int(v), 0), size - 2))
        let (a, b) = (u - Float(i), v - Float(j))
        let at = j * size + i
        let upper = band[at] + a * (band[at + 1] - band[at])
        let lower = band[at + size] + a * (band[at + size + 1] - band[at + size])
        return upper + b * (lower - upper)
    }
}
