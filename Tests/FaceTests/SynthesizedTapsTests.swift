import Face
import Foundation
import Tensors
import Testing

/// Which layers an analysis and a synthesis look at. Truth: a network that has no other layers.
@Suite struct SynthesizedTapsTests {
    private static let atlas = {
        let model = TextureScene().model
        return TextureAtlas(model: model, size: 256, regions: .plain(pointCount: model.mean.count))
    }()
    private static let pyramid = DetailPyramid(atlas: atlas, smallest: 128)
    private static let network = DetailNetwork(seed: 3)

    private static var shallow: FeatureNetwork {
        FeatureNetwork(inputs: 1, layers: Array(network.network().layers[...0]), taps: [0])
    }

    /// Noise of a standard deviation on skin, or on its upper half.
    private static func detail(_ contrast: Float, seed: UInt64, half: Bool = false) -> DetailMap {
        var generator = SeededGenerator(seed: seed)
        let skin = pyramid.regions(at: 256).skin
        let places = skin.indices.filter { skin[$0] > 0 }
        let last = half ? places[places.count / 2] : skin.count
        let seen = skin.indices.map { $0 < last ? skin[$0] : 0 }
        return DetailMap(
            size: 256, values: seen.map { contrast * Float(generator.normal()) * ($0 > 0 ? 1 : 0) }, seen: seen)
    }

    private static func database(_ network: FeatureNetwork) -> FaceDatabase {
        FaceDatabase(
            [Float(0.01), 0.02, 0.04].enumerated().map { k, contrast in
                DetailStatistics(of: detail(contrast, seed: UInt64(20 + k)), pyramid: pyramid, network: network)
            })
    }

    @Test func synthesisTowardsTheFirstTapIsThatOfTheFirstLayerAlone() throws {
        let half = Self.detail(0.02, seed: 50, half: true)
        func complete(_ network: FeatureNetwork, taps: [Int]?) throws -> DetailMap {
            let database = Self.database(network)
            let analysis = DetailAnalysis(weights: [0, 0, 1], database: database)
            var options = DetailSynthesis.Options()
            options.evaluations = [6]
            return try #require(
                DetailSynthesis(
                    pyramid: Self.pyramid, network: network, analysis: analysis, database: database, taps: taps,
                    options: options
                ).complete(half))
        }
        let deep = Self.network.network()
        let first = try complete(deep, taps: [Int](repeating: 1, count: DetailRegions.count))
        #expect(try first.values == complete(Self.shallow, taps: nil).values)
        #expect(try first.values != complete(deep, taps: nil).values)
    }

    @Test func ofLargeOctavesAnAnalysisKnowsTheFirstTapOnly() {
        let (map, network) = (Self.detail(0.02, seed: 50), Self.network.network())
        let all = DetailStatistics(of: map, pyramid: Self.pyramid, network: network)
        let some = DetailStatistics(of: map, pyramid: Self.pyramid, network: network, largestDeep: 128)
        #expect(all.correlations.contains { $0.weight > 1000 })
        for octave in 0..<2 {
            for tap in 0..<4 {
                for region in 0..<DetailRegions.count {
                    let i = all.index(octave: octave, tap: tap, region: region)
                    let weight = octave == 0 && tap > 0 ? 0 : all.correlations[i].weight
                    #expect(some.correlations[i].weight == weight)
                    #expect(weight == 0 || some.correlations[i].sums == all.correlations[i].sums)
                }
            }
        }
        #expect(some.bands.map(\.mean) == all.bands.map(\.mean))
    }
}
