internal import Tensors

/// What an octave's synthesis begins with: the person's own skin from beside each place, where it or its mirrored side shows
/// that, from other places of the face where neither does, and noise where no picture resolved the octave.
struct OctaveStart {
    private var displaced: DisplacedSkin
    private let example: SkinByExample?
    private var generator: SeededGenerator

    /// Standard deviation of the noise.
    private static let grain = 0.02
    /// So much of it stays on skin that is only displaced, which loses some of its contrast where it is faded in.
    private static let lost: Float = 0.5
    /// An octave that is resolved less shows no skin to begin with elsewhere.
    private static let recognizable: Float = 0.3

    /// Whether an octave begins with skin, or with noise.
    /// - Parameter resolved: see `DetailPyramid.kept`.
    static func showsSkin(_ resolved: Float) -> Bool { resolved > recognizable }

    /// - Parameters:
    ///   - levels: finest first, each half the one before.
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
        let noise = left.map { max($0, Self.lost) * Float(Self.grain * generator.normal()) }
        let showsSkin = Self.showsSkin(place.resolved)
        if let example, showsSkin {
            let band =
                coarser.map { coarser in
                    zip(level.values, DetailMap.enlarged(coarser.values, size: size / 2)).map { $0 - $1 }
                } ?? level.values
            let other = example.octave(band, covered: place.covered, size: size)
            for i in skin.indices {
                // Two textures faded into each other keep their contrast.
                let strength = 1 / (left[i] * left[i] + (1 - left[i]) * (1 - left[i])).squareRoot()
                skin[i] =
                    strength * (left[i] * other[i] + (1 - left[i]) * skin[i]) + (1 - left[i]) * noise[i]
            }
        }
        let grain = Self.softened(noise, size: size)
        if example == nil || !showsSkin {
            for i in skin.indices { skin[i] = skin[i] + grain[i] + (1 - left[i]) * (noise[i] - grain[i]) }
        }
        let smooth = DetailMap.enlarged(DetailMap.halved(grain, width: size, height: size), size: size / 2)
        for i in skin.indices {
            // On top of what was seen nothing coarse.
            skin[i] = skin[i] * place.unknown[i] + (grain[i] - smooth[i]) * (place.free[i] - place.unknown[i])
        }
        return skin
    }

    /// By a binomial of three texels each way, as strong as before: skin has less of what is as fine as a texel than white
    /// noise.
    private static func softened(_ noise: [Float], size: Int) -> [Float] {
        var rows = noise
        for i in 1..<noise.count - 1 { rows[i] = 0.25 * (noise[i - 1] + noise[i + 1]) + 0.5 * noise[i] }
        var result = rows
        for i in size..<noise.count - size {
            result[i] = (0.25 * (rows[i - size] + rows[i + size]) + 0.5 * rows[i]) / 0.375
        }
        return result
    }
}
