internal import Foundation

/// The person's own skin from some millimetres beside each texel, as a start for synthesis: of the filling, which is the mirrored
/// side where that was seen, or of seen skin near by. Statistics are nearly right at once, and moles do not sit where the
/// mirrored side has them.
struct DisplacedSkin {
    /// One octave's detail, `size × size`; 0 where there is no plain skin to take.
    let values: [Float]

    /// Mean displacement and how far it varies over the face, in texels of a map of 1024².
    private static let offset = SIMD2<Float>(22, 15)
    private static let variation: Float = 8
    /// Where to look, in units of the displacement: the next where there is no plain skin.
    private static let directions: [SIMD2<Float>] = [1, 0.5].flatMap { r in
        [SIMD2(r, r), SIMD2(-r, -r), SIMD2(r, -r), SIMD2(-r, r)]
    }
    /// Radians per texel of a map of 1024²: turns over 12 cm.
    private static let turn: Float = 0.018

    /// - Parameter features: shares of `DetailMap.feature` and the size of their map: what has its own place is not taken.
    init(_ level: DetailMap, regions: DetailRegions, features: (size: Int, shares: [Float]), isCoarsest: Bool) {
        let size = level.size
        let unit = Float(size) / 1024
        let smooth =
            isCoarsest ? nil : DetailSynthesis.enlarged(level.halved.values, size: size / 2)
        let near = Self.widened(features.shares, size: features.size)
        var values = [Float](repeating: 0, count: size * size)
        for i in values.indices where regions.covered[i] > 0 {
            let (x, y) = (Float(i % size), Float(i / size))
            let place = SIMD2(x, y) / unit * Self.turn
            let wave = Self.variation * SIMD2(sinf(place.y), sinf(place.x + 1))
            let source = Self.directions.lazy.compactMap { direction -> Int? in
                let from = SIMD2(x, y) + direction * (Self.offset + wave) * unit
                let (column, row) = (Int(from.x.rounded()), Int(from.y.rounded()))
                guard 0..<size ~= column, 0..<size ~= row else { return nil }
                let at = row * features.size / size * features.size + column * features.size / size
                return regions.plain[row * size + column] > 0.9 && near[at] < 0.2 ? row * size + column : nil
            }.first
            guard let j = source else { continue }
            values[i] = level.values[j] - (smooth?[j] ?? 0)
        }
        self.values = values
    }

    /// The most within `reach` texels: strands and rims of shadow lie around a feature.
    private static func widened(_ shares: [Float], size: Int) -> [Float] {
        func pass(_ values: [Float], step: Int, at place: (Int) -> Int) -> [Float] {
            values.indices.map { i in
                let (low, high) = (max(-reach, -place(i)), min(reach, size - 1 - place(i)))
                return (low...high).reduce(0) { max($0, values[i + $1 * step]) }
            }
        }
        return pass(pass(shares, step: 1) { $0 % size }, step: size) { $0 / size }
    }

    /// Texels of the coarsest octave: 5 mm.
    private static let reach = 4
}
