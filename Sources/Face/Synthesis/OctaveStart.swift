internal import Tensors

/// What an octave's synthesis begins with: the person's own skin from beside each place, where it or its mirrored side shows
/// that, from other places of the face where neither does, and noise where no picture shows the octave.
struct OctaveStart {
    private var displaced: DisplacedSkin
    private let example: SkinByExample?
    private var generator: SeededGenerator

    /// Standard deviation of the noise.
    private static let grain = 0.02
    /// So much of it stays on skin that is only displaced, which loses some of its contrast where it is faded in.
    private static let lost: Float = 0.5

    /// - Parameters:
    ///   - levels: finest first, each half the one before; of those that pictures show, and at least the coarsest.
    ///   - extents: see `DetailPyramid.extents`.
    ///   - counterpart: of the coarsest, 0...1: how far the mirrored place was seen.
    init(
        _ levels: [DetailMap], coarsest: DetailRegions, extents: [SIMD2<Float>], features: FixedFeatures,
        counterpart: [Float], seed: UInt64
    ) {
        let last = levels.last!
        displaced = DisplacedSkin(
            levels, coarsest: coarsest, features: features, known: zip(last.seen, counterpart).map { max($0, $1) })
        example = SkinByExample(last, regions: coarsest, extents: extents, features: features, seed: seed)
        generator = SeededGenerator(seed: seed)
    }

    /// What comes on top of the coarser octaves, as strong as it was found. Octaves are asked for from the coarsest up, each
    /// once: maps are large.
    /// - Parameter coarser: the next coarser level; `nil` for the coarsest.
    mutating func addition(_ level: DetailMap, coarser: DetailMap?, at place: OctavePlaces) -> [Float] {
        let (size, left) = (level.size, place.left)
        var skin = displaced.take(size)
        var noise = left.map { max($0, Self.lost) * Float(Self.grain * generator.normal()) }
        guard place.isShown else {
            Self.soften(&noise, size: size)
            let coarse = DetailMap.halved(noise, width: size, height: size)
            for y in 0..<size {
                // On top of what was seen nothing coarse.
                let smooth = DetailMap.enlarged(coarse, width: size / 2, height: size / 2, rows: y..<y + 1)
                for (i, smooth) in zip(y * size..<(y + 1) * size, smooth) {
                    let (free, unknown) = (place.free[i], place.unknown[i])
                    let own = skin.isEmpty ? 0 : skin[i]
                    noise[i] = (own + noise[i]) * unknown + (noise[i] - smooth) * (free - unknown)
                }
            }
            return noise
        }
        if let example {
            var band = level.values
            if let coarser {
                for (i, value) in DetailMap.enlarged(coarser.values, size: size / 2).enumerated() { band[i] -= value }
            }
            let other = example.octave(band, covered: place.covered, size: size)
            for i in skin.indices {
                // Two textures faded into each other keep their contrast.
                let strength = 1 / (left[i] * left[i] + (1 - left[i]) * (1 - left[i])).squareRoot()
                skin[i] =
                    strength * (left[i] * other[i] + (1 - left[i]) * skin[i]) + (1 - left[i]) * noise[i]
            }
        } else {
            var grain = noise
            Self.soften(&grain, size: size)
            for i in skin.indices { skin[i] += grain[i] + (1 - left[i]) * (noise[i] - grain[i]) }
        }
        for i in skin.indices { skin[i] *= place.unknown[i] }
        return skin
    }

    /// By a binomial of three texels each way, as strong as before: skin has less of what is as fine as a texel than white
    /// noise.
    private static func soften(_ noise: inout [Float], size: Int) {
        var left = noise[0]
        for i in 1..<noise.count - 1 {
            let own = noise[i]
            noise[i] = 0.25 * (left + noise[i + 1]) + 0.5 * own
            left = own
        }
        var above = Array(noise[..<size])
        for i in size..<noise.count - size {
            let own = noise[i]
            noise[i] = (0.25 * (above[i % size] + noise[i + size]) + 0.5 * own) / 0.375
            above[i % size] = own
        }
    }
}
