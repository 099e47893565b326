import Face
import Foundation
import Tensors
import Testing

/// Where synthesis begins on skin that neither side shows, and what an analysis tells of hidden regions. Truth: noise of known
/// contrast and direction on a ball.
@Suite struct SynthesisStartTests {
    private static let atlas = {
        let model = TextureScene().model
        return TextureAtlas(model: model, size: 256, regions: .plain(pointCount: model.mean.count))
    }()
    private static let pyramid = DetailPyramid(atlas: atlas, smallest: 256)
    private static var network: FeatureNetwork { DetailNetwork(seed: 3).network() }
    private static let skin = pyramid.regions(at: 256).skin

    /// Noise, three texels long along x.
    private static func streaks(_ contrast: Float, seed: UInt64) -> DetailMap {
        var generator = SeededGenerator(seed: seed)
        let noise = (0..<256 * 256).map { _ in Float(generator.normal()) }
        var values = [Float](repeating: 0, count: noise.count)
        for i in 1..<noise.count - 1 where skin[i] > 0 {
            let sum: Float = noise[i - 1] + noise[i] + noise[i + 1]
            values[i] = 0.577 * contrast * sum
        }
        return DetailMap(size: 256, values: values, seen: Array(skin))
    }

    /// Texels of the lower half.
    private static let lower = {
        let places = skin.indices.filter { skin[$0] > 0 }
        return places.filter { $0 >= places[places.count / 2] }
    }()

    private static func hidden(_ map: DetailMap) -> DetailMap {
        var half = map
        for i in lower { (half.seen[i], half.values[i]) = (0, 0) }
        return half
    }

    private static func statistics(_ map: DetailMap) -> DetailStatistics {
        DetailStatistics(of: map, pyramid: pyramid, network: network)
    }

    private static func deviation(_ values: [Float], _ texels: [Int]) -> Float {
        (texels.reduce(0) { $0 + values[$1] * values[$1] } / Float(texels.count)).squareRoot()
    }

    /// Correlation with the neighbour `step` texels on.
    private static func likeness(_ values: [Float], _ texels: [Int], step: Int) -> Float {
        let inside = texels.filter { $0 + step < values.count && skin[$0 + step] > 0 }
        let product = inside.reduce(Float(0)) { $0 + values[$1] * values[$1 + step] } / Float(inside.count)
        return product / (deviation(values, inside) * deviation(values, inside))
    }

    /// Texels of the ball's lower half that are half to a third as wide as the equator's.
    private static let polar = {
        return skin.indices.filter { i in
            guard skin[i] > 0, i / 256 > 128 else { return false }
            let latitude = (0.5 - ((Float(i / 256) + 0.5) / 256 - 0.02) / 0.96) * 2.9
            return abs(latitude) > 1.05 && abs(latitude) < 1.25
        }
    }()

    /// Towards the pole of the ball a texel is ever narrower, so streaks of the same length on the ball are longer on the map.
    @Test func skinHasTheSameGrainOnTheHeadWhereTheMapIsStretched() throws {
        let database = FaceDatabase([Self.statistics(Self.streaks(0.02, seed: 20))])
        var map = Self.streaks(0.02, seed: 50)
        for i in map.seen.indices where i / 256 > 190 { (map.seen[i], map.values[i]) = (0, 0) }
        let analysis = DetailAnalysis(weights: [1], database: database)
        let result = try #require(
            DetailSynthesis(pyramid: Self.pyramid, network: Self.network, analysis: analysis, database: database)
                .complete(map))
        // Of streaks of three texels, a third at two texels' distance; of those twice as long, two thirds.
        let seen = Self.likeness(map.values, Self.lower.filter { $0 / 256 < 180 }, step: 2)
        let polar = Self.likeness(result.values, Self.polar, step: 2)
        #expect(abs(seen - 0.33) < 0.05 && polar > 0.5, "\(polar) of \(seen)")
        #expect(abs(Self.likeness(result.values, Self.polar, step: 256)) < 0.25)
    }

    @Test func itBeginsAsTheSkinThatWasSeenWithTheContrastThatIsWanted() throws {
        let database = FaceDatabase(
            [0.012, 0.02, 0.032].enumerated().map { k, contrast in
                Self.statistics(Self.streaks(contrast, seed: UInt64(20 + k)))
            })
        var options = DetailSynthesis.Options()
        options.evaluations = [1]
        let half = Self.hidden(Self.streaks(0.02, seed: 50))
        for (wanted, contrast) in [Float(0.012), 0.02, 0.032].enumerated() {
            // Whatever was seen: the targets are those of one of the faces.
            let analysis = DetailAnalysis(weights: (0..<3).map { $0 == wanted ? 1 : 0 }, database: database)
            let start = try #require(
                DetailSynthesis(
                    pyramid: Self.pyramid, network: Self.network, analysis: analysis, database: database,
                    options: options
                ).complete(half))
            // Never stronger than the person's seen skin (`SeenContrast`, a tenth aside).
            let allowed = min(contrast, 1.1 * 0.02)
            let ratio = Self.deviation(start.values, Self.lower) / allowed
            #expect(ratio > 0.85 && ratio < 1.15, "\(ratio) times the contrast of \(allowed)")
            // Two thirds along the streaks, nothing across.
            let along = Self.likeness(start.values, Self.lower, step: 1)
            let across = Self.likeness(start.values, Self.lower, step: 256)
            #expect(along > 0.5 && abs(across) < 0.15, "\(along) along, \(across) across")
        }
    }

    /// The rim of a brow in the smooth colours that a hidden place was given is much stronger than skin's grain: counted as
    /// that, it would leave none to add.
    @Test func aFeatureOfTheFillingTakesNoContrastFromTheSkinAroundIt() throws {
        let database = FaceDatabase([Self.statistics(Self.streaks(0.02, seed: 20))])
        var options = DetailSynthesis.Options()
        options.evaluations = [1]
        var half = Self.hidden(Self.streaks(0.02, seed: 50))
        let row = Self.lower[Self.lower.count / 3] / 256
        for i in Self.lower where i / 256 >= row && i / 256 < row + 3 { half.values[i] = -0.4 }
        let analysis = DetailAnalysis(weights: [1], database: database)
        let result = try #require(
            DetailSynthesis(
                pyramid: Self.pyramid, network: Self.network, analysis: analysis, database: database, options: options
            ).complete(half))
        let around = Self.lower.filter { abs($0 / 256 - row - 1) > 8 }
        let ratio = Self.deviation(result.values, around) / 0.02
        #expect(ratio > 0.85 && ratio < 1.15, "\(ratio) times the contrast of skin")
        let line = Self.lower.filter { $0 / 256 == row + 1 }
        #expect(line.allSatisfy { result.values[$0] < -0.3 }, "the feature went")
    }

    @Test func aFaceTakenOutIsFoundByItsOtherRegions() throws {
        let database = FaceDatabase(
            (0..<12).map { k in
                Self.statistics(Self.streaks(0.01 * expf(0.12 * Float(k)), seed: UInt64(k)))
            })
        let trial = PredictionTrial(database)
        // The ball has no landmarks: every texel is half of the first region and half of the second.
        let scores = trial.scores(hidden: ["left forehead"])
        let (ours, mean) = (try #require(scores[0][.ours]), try #require(scores[0][.mean]))
        // Contrasts lie 0.12 apart, so those of the mean are wrong by 0.41.
        #expect(mean.error > 0.3 && mean.error < 0.6, "\(mean)")
        #expect(ours.error < 0.5 * mean.error && abs(ours.bias) < 0.1 && ours.miss < mean.miss, "\(ours)")
        #expect(trial.faces(showing: "left forehead") == 12)
    }

    @Test func whatASmallPictureLacksIsGivenBack() {
        let own = Self.statistics(Self.streaks(0.02, seed: 5))
        func gain(_ pixelsPerTexel: Double) -> Double {
            // The atlas has some 750 texels a metre of face at 256².
            let sharp = own.sharpened(pyramid: Self.pyramid, pixelsPerMetre: 750 * pixelsPerTexel)
            return sharp.logEnergy(band: 0, region: 0)! - own.logEnergy(band: 0, region: 0)!
        }
        // As `bench resolution` measured at 256² on 13 photographs shrunk to a half, a quarter and a seventh: 0.08, 0.38, 0.97.
        #expect(abs(gain(2.19) - 0.08) < 0.06 && abs(gain(1.09) - 0.38) < 0.06 && abs(gain(0.62) - 0.97) < 0.15)
        // The photographs themselves, of 4.4 pixels a texel, lack nothing, nor do sharper ones.
        #expect(gain(4.4) == 0 && gain(9) == 0)
        // Beyond what was measured it is not extrapolated.
        #expect(gain(0.01) == gain(0.1))
        let resolved = [1.3, 0.75, 0.2].map { Self.pyramid.resolved(pixelsPerMetre: 750 * $0)[0] }
        #expect(resolved[0] == 1 && abs(resolved[1] - 0.5) < 0.01 && resolved[2] == 0)
    }
}
