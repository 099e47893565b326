internal import Foundation

/// The person's own skin from some millimetres beside each texel, as a start for synthesis: of the filling, which is the mirrored
/// side where that was seen, or of seen skin near by. Statistics are nearly right at once, and what is small does not sit where
/// the mirrored side has it. Beside features skin is that of its own place, and a spot is covered by skin without one.
struct DisplacedSkin {
    /// One octave's detail, `size × size`.
    let values: [Float]

    /// Mean displacement and how far it varies over the face, in texels of a map of 1024²: 5 mm.
    private static let offset = SIMD2<Float>(13, 9)
    private static let variation: Float = 5
    /// Radians per texel of a map of 1024²: turns over 12 cm.
    private static let turn: Float = 0.018
    /// Where to look in turn, in units of the displacement.
    private static let directions = [1, 1.7].flatMap { (r: Float) in
        [SIMD2(r, r), SIMD2(-r, -r), SIMD2(r, -r), SIMD2(-r, r)]
    }

    init(_ level: DetailMap, regions: DetailRegions, features: FixedFeatures, isCoarsest: Bool) {
        let size = level.size
        let unit = Float(size) / 1024
        let smooth =
            isCoarsest ? nil : DetailSynthesis.enlarged(level.halved.values, size: size / 2)
        var values = [Float](repeating: 0, count: size * size)
        for i in values.indices where regions.covered[i] > 0 {
            let (x, y) = (Float(i % size), Float(i / size))
            let place = SIMD2(x, y) / unit * Self.turn
            let shift = Self.offset + Self.variation * SIMD2(sinf(place.y), sinf(place.x + 1))
            let source = Self.directions.lazy.compactMap { direction -> Int? in
                let from = SIMD2(x, y) + direction * shift * unit
                let (column, row) = (Int(from.x.rounded()), Int(from.y.rounded()))
                guard 0..<size ~= column, 0..<size ~= row else { return nil }
                let j = row * size + column
                return regions.plain[j] > 0.9 && features.clean[features.place(j, of: size)] ? j : nil
            }.first
            guard let j = source ?? (features.spots[features.place(i, of: size)] ? nil : i) else { continue }
            values[i] = level.values[j] - (smooth?[j] ?? 0)
        }
        self.values = values
    }
}
