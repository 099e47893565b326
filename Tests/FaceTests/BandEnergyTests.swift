import Face
import Foundation
import Tensors
import Testing

/// Contrast by bands, and what follows for regions that nobody saw. Truth: waves of known length and height, and faces whose
/// energies are given.
@Suite struct BandEnergyTests {
    private static let atlas = {
        let model = TextureScene().model
        return TextureAtlas(model: model, size: 256, regions: .plain(pointCount: model.mean.count))
    }()
    private static let pyramid = DetailPyramid(atlas: atlas, smallest: 256)

    private static func statistics(_ wave: (Int) -> Float) -> DetailStatistics {
        let skin = pyramid.regions(at: 256).skin
        let map = DetailMap(
            size: 256, values: skin.indices.map { skin[$0] > 0 ? wave($0 % 256) : 0 }, seen: Array(skin))
        return DetailStatistics(of: map, pyramid: pyramid, network: DetailNetwork(seed: 3).network())
    }

    @Test(arguments: [(length: Float(3), band: 0), (length: 40, band: 1)])
    func aWaveIsInItsOwnBand(length: Float, band: Int) throws {
        let height: Float = 0.05
        let found = Self.statistics { height * sinf(2 * .pi * Float($0) / length) }
        // Bands overlap by an octave or so.
        let energies = try (0...1).map { exp(try #require(found.logEnergy(band: $0, region: 0))) }
        let truth = Double(height * height / 2)
        #expect(abs(energies[band] / truth - 1) < 0.25, "\(energies[band]) of \(truth)")
        #expect(energies[1 - band] < 0.1 * truth, "\(energies[1 - band]) of \(truth)")
    }

    /// A region that gets darker towards one side is no reason for a texture of saw teeth.
    @Test func statisticsKnowNoSideOfAWave() {
        let (rising, falling) = (
            Self.statistics { 0.02 * (Float($0 % 8) - 3.5) }, Self.statistics { 0.02 * (3.5 - Float($0 % 8)) }
        )
        let flat = Self.statistics { 0.02 * (Float(($0 + 4) % 8) - 3.5) }
        for tap in 0..<rising.taps {
            let i = rising.index(octave: 0, tap: tap, region: 0)
            let (a, b, c) = (rising.correlations[i].means, falling.correlations[i].means, flat.correlations[i].means)
            let size = a.reduce(0) { $0 + $1 * $1 }.squareRoot()
            // Another phase of the same wave is as far away: what lies at the rim of what was seen.
            #expect(Self.distance(a, b) < 0.03 * size && Self.distance(a, c) < 0.03 * size, "tap \(tap)")
        }
    }

    private static func distance(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }

    /// One octave, no correlations: energies by region's name.
    private static func face(_ energy: (String) -> Double?) -> DetailStatistics {
        let bands = DetailRegions.names.map { energy($0).map { BandEnergy(mean: $0, weight: 2000) } ?? BandEnergy() }
        return DetailStatistics(
            octaves: 1, taps: 1, correlations: DetailRegions.names.map { _ in Correlations(channels: 2) },
            bands: bands + bands)
    }

    @Test func aBeardThatWasSeenGoesOnWhereNobodySawButHairDoesNot() throws {
        var generator = SeededGenerator(seed: 4)
        func isBeard(_ name: String) -> Bool { name.hasSuffix("chin") || name.hasSuffix("jaw") }
        let faces = (0..<40).map { k -> DetailStatistics in
            let strength = exp(0.3 * generator.normal())
            return Self.face { name in
                let own = 0.001 * strength * exp(0.1 * generator.normal())
                return own * (isBeard(name) && k % 8 == 0 ? 10 : 1)
            }
        }
        let relations = FaceRelations(FaceDatabase(faces))
        func expected(_ region: String, _ seen: DetailStatistics) -> Double {
            let k = DetailRegions.names.firstIndex(of: region)!
            return exp(DetailAnalysis(of: seen, relations: relations).energies[k]) / 0.001
        }
        let bearded = Self.face { $0.hasSuffix("jaw") ? nil : isBeard($0) ? 0.01 : 0.001 }
        let shaven = Self.face { $0.hasSuffix("jaw") ? nil : 0.001 }
        #expect(expected("left jaw", bearded) > 5, "\(expected("left jaw", bearded))")
        #expect(abs(log(expected("left jaw", shaven))) < 0.4, "\(expected("left jaw", shaven))")
        #expect(abs(log(expected("left cheek", bearded))) < 0.4, "\(expected("left cheek", bearded))")
        let hairy = Self.face { $0 == "left forehead" ? nil : $0 == "forehead" ? 0.02 : 0.001 }
        #expect(expected("left forehead", hairy) < 1.5, "\(expected("left forehead", hairy))")
    }
}
