internal import Foundation

/// The person's own skin from some millimetres beside each texel, as a start for synthesis: of the filling, which is the mirrored
/// side where that was seen, or of seen skin near by. Statistics are nearly right at once, and what is small does not sit where
/// the mirrored side has it. Beside features skin is that of its own place, and a spot is covered by skin without one.
///
/// The whole face is displaced in each direction, and octave by octave each texel takes the direction that suits its place
/// (Burt and Adelson 1983): all octaves of a texel come from one place, or those that share frequencies would weaken each other.
/// Its contrast is the one that the filling has at the texel's own place.
struct DisplacedSkin {
    /// By size: each octave's detail, `size × size`; the coarsest whole, the others less the next coarser one.
    private(set) var octaves: [Int: [Float]] = [:]

    /// One octave, which is then no longer here; empty where there is none.
    mutating func take(_ size: Int) -> [Float] { octaves.removeValue(forKey: size) ?? [] }

    /// Mean displacement and how far it varies over the face, in texels of a map of 1024²: 3 mm.
    private static let offset = SIMD2<Float>(8, 5.5)
    private static let variation: Float = 3
    /// Radians per texel of a map of 1024²: turns over 12 cm.
    private static let turn: Float = 0.018
    /// Where to look in turn, in units of the displacement; at last the texel's own place.
    private static let directions =
        [1, 1.7].flatMap { (r: Float) in [SIMD2(r, r), SIMD2(-r, -r), SIMD2(r, -r), SIMD2(-r, r)] } + [.zero]

    /// - Parameters:
    ///   - levels: finest first, each half the one before.
    ///   - known: `side × side` of the coarsest octave, 0...1: how far the filling shows the person's own skin, whose contrast
    ///     its place is to have.
    init(_ levels: [DetailMap], coarsest: DetailRegions, features: FixedFeatures, known: [Float]) {
        let side = features.size
        precondition(levels.last?.size == side && coarsest.size == side, "features of the coarsest octave")
        let shifts = Self.directions.map { Shift(size: side, direction: $0) }
        let own = Self.directions.count - 1
        let choices = (0..<side * side).map { i -> Int? in
            guard coarsest.covered[i] > 0 else { return nil }
            func first(where suits: (Int) -> Bool) -> Int? {
                shifts.indices.dropLast().first { k in
                    guard let j = shifts[k].source(i % side, i / side) else { return false }
                    return coarsest.plain[j] > 0.9 && suits(j)
                }
            }
            let best = coarsest.plain[i] < 0.9 ? nil : first { features.clean[$0] }
            // A spot beside a feature is covered by what there is.
            return best ?? (features.spots[i] ? first { !features.spots[$0] && features.shares[$0] == 0 } : nil) ?? own
        }
        for level in levels { octaves[level.size] = [Float](repeating: 0, count: level.values.count) }
        for k in Self.directions.indices where choices.contains(k) {
            let chosen: [Float] = choices.map { $0 == k ? 1 : 0 }
            var displaced = Self.displaced(levels[0], by: Self.directions[k])
            for (n, level) in levels.enumerated() {
                let size = level.size
                let shares = Self.enlargements(chosen, size: side, count: levels.count - n).last!
                let coarse = size == side ? [] : DetailMap.halved(displaced, width: size, height: size)
                let smooth = size == side ? [] : DetailMap.enlarged(coarse, size: size / 2)
                for i in displaced.indices where shares[i] > 0 {
                    octaves[size]![i] += shares[i] * (displaced[i] - (smooth.isEmpty ? 0 : smooth[i]))
                }
                displaced = coarse
            }
        }
        let counted = coarsest.plain.indices.map { features.clean[$0] && coarsest.plain[$0] > 0.9 && known[$0] > 0.5 }
        for (n, level) in levels.enumerated() {
            let smooth =
                n + 1 < levels.count ? DetailMap.enlarged(levels[n + 1].values, size: level.size / 2) : []
            // Of each of the coarsest octave's texels: energy as displaced, and as it is at this place.
            var energies = Plane(width: side, height: side)
            for (i, value) in octaves[level.size]!.enumerated() {
                let at = features.place(i, of: level.size)
                guard counted[at] else { continue }
                let own = level.values[i] - (smooth.isEmpty ? 0 : smooth[i])
                energies.pixels[at] += SIMD4(value * value, own * own, 0, 0)
            }
            let gains = Self.gains(energies)
            let factors = choices.indices.map { i in
                choices[i] == nil || choices[i] == own ? 1 : 1 + known[i] * (gains[i] - 1)
            }
            let fine = Self.enlargements(factors, size: side, count: levels.count - n).last!
            for i in fine.indices { octaves[level.size]![i] *= fine[i] }
        }
    }

    /// A map of the coarsest octave at its own size and at each further octave's, bilinear.
    static func enlargements(_ values: [Float], size: Int, count: Int) -> [[Float]] {
        var result = [values]
        while result.count < count {
            result.append(DetailMap.enlarged(result.last!, size: size << (result.count - 1)))
        }
        return result
    }

    /// Texels of the coarsest octave over which contrast is measured (standard deviation): 5 mm.
    private static let reach = 3
    /// Contrast changes by this factor at most, either way.
    private static let mostGain: Float = 3

    /// By how much to strengthen each texel so that its surroundings have the second of two energies instead of the first.
    private static func gains(_ energies: Plane) -> [Float] {
        energies.blurred(radius: reach).pixels.map {
            $0.x > 1e-12 ? min(max((max($0.y, 0) / $0.x).squareRoot(), 1 / mostGain), mostGain) : 1
        }
    }

    private static func displaced(_ level: DetailMap, by direction: SIMD2<Float>) -> [Float] {
        if direction == .zero { return level.values }
        let (size, shift) = (level.size, Shift(size: level.size, direction: direction))
        var result = level.values
        for y in 0..<size {
            for x in 0..<size {
                if let from = shift.source(x, y) { result[y * size + x] = level.values[from] }
            }
        }
        return result
    }

    /// A displacement of a map of `size`², whole texels: along x it depends on y only, along y on x only.
    private struct Shift {
        let size: Int
        private let along: [Int]
        private let down: [Int]

        init(size: Int, direction: SIMD2<Float>) {
            self.size = size
            let unit = Float(size) / 1024
            func steps(_ offset: Float, _ direction: Float, phase: Float) -> [Int] {
                (0..<size).map { place in
                    let wave = sinf(Float(place) / unit * DisplacedSkin.turn + phase)
                    return Int((direction * (offset + DisplacedSkin.variation * wave) * unit).rounded())
                }
            }
            along = steps(DisplacedSkin.offset.x, direction.x, phase: 0)
            down = steps(DisplacedSkin.offset.y, direction.y, phase: 1)
        }

        /// Texel that takes the place of another.
        func source(_ x: Int, _ y: Int) -> Int? {
            let (column, row) = (x + along[y], y + down[x])
            return 0..<size ~= column && 0..<size ~= row ? row * size + column : nil
        }
    }
}
