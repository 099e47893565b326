internal import Foundation

/// The person's own skin from some millimetres beside each texel, as a start for synthesis: of the filling, which is the mirrored
/// side where that was seen, or of seen skin near by. Statistics are nearly right at once, and what is small does not sit where
/// the mirrored side has it. Beside features skin is that of its own place, and a spot is covered by skin without one.
///
/// The whole face is displaced in each direction, and octave by octave each texel takes the direction that suits its place
/// (Burt and Adelson 1983): all octaves of a texel come from one place, or those that share frequencies would weaken each other.
struct DisplacedSkin {
    /// By size: each octave's detail, `size × size`; the coarsest whole, the others less the next coarser one.
    private(set) var octaves: [Int: [Float]] = [:]

    /// Mean displacement and how far it varies over the face, in texels of a map of 1024²: 5 mm.
    private static let offset = SIMD2<Float>(13, 9)
    private static let variation: Float = 5
    /// Radians per texel of a map of 1024²: turns over 12 cm.
    private static let turn: Float = 0.018
    /// Where to look in turn, in units of the displacement; at last the texel's own place.
    private static let directions =
        [1, 1.7].flatMap { (r: Float) in [SIMD2(r, r), SIMD2(-r, -r), SIMD2(r, -r), SIMD2(-r, r)] } + [.zero]

    /// - Parameter levels: finest first, each half the one before.
    init(_ levels: [DetailMap], coarsest: DetailRegions, features: FixedFeatures) {
        let side = features.size
        precondition(levels.last?.size == side && coarsest.size == side, "features of the coarsest octave")
        let choices = (0..<side * side).map { i -> Int? in
            guard coarsest.covered[i] > 0 else { return nil }
            let suits =
                coarsest.plain[i] < 0.9
                ? nil
                : Self.directions.indices.dropLast().first { k in
                    guard let j = Self.source(i, size: side, direction: Self.directions[k]) else { return false }
                    return coarsest.plain[j] > 0.9 && features.clean[j]
                }
            return suits ?? (features.spots[i] ? nil : Self.directions.count - 1)
        }
        for level in levels { octaves[level.size] = [Float](repeating: 0, count: level.values.count) }
        for k in Self.directions.indices where choices.contains(k) {
            var displaced = Self.displaced(levels[0], by: Self.directions[k])
            for level in levels {
                let size = level.size
                let isLast = size == side
                let coarse = isLast ? [] : DetailMap.halved(displaced, width: size, height: size)
                let smooth = isLast ? [] : DetailSynthesis.enlarged(coarse, size: size / 2)
                for i in displaced.indices where choices[features.place(i, of: size)] == k {
                    octaves[size]![i] = displaced[i] - (isLast ? 0 : smooth[i])
                }
                displaced = coarse
            }
        }
    }

    private static func displaced(_ level: DetailMap, by direction: SIMD2<Float>) -> [Float] {
        if direction == .zero { return level.values }
        return level.values.indices.map { level.values[source($0, size: level.size, direction: direction) ?? $0] }
    }

    /// Texel that takes the place of another, in a map of `size`².
    private static func source(_ i: Int, size: Int, direction: SIMD2<Float>) -> Int? {
        let unit = Float(size) / 1024
        let (x, y) = (Float(i % size), Float(i / size))
        let place = SIMD2(x, y) / unit * turn
        let shift = offset + variation * SIMD2(sinf(place.y), sinf(place.x + 1))
        let from = SIMD2(x, y) + direction * shift * unit
        let (column, row) = (Int(from.x.rounded()), Int(from.y.rounded()))
        return 0..<size ~= column && 0..<size ~= row ? row * size + column : nil
    }
}
