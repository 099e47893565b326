import Face
import Foundation
import Tensors
import Testing

/// Analysis and synthesis of detail. Truth: noise of known contrast on a ball, conditions of optimality, recorded input.
@Suite struct SynthesisTests {
    private static let atlas = {
        let model = TextureScene().model
        return TextureAtlas(model: model, size: 256, regions: .plain(pointCount: model.mean.count))
    }()
    private static let pyramid = DetailPyramid(atlas: atlas, smallest: 256)

    /// Smoothed noise of a standard deviation; all skin seen, or only the upper half of it.
    private static func detail(_ contrast: Float, seed: UInt64, half: Bool = false) -> DetailMap {
        let size = 256
        var generator = SeededGenerator(seed: seed)
        let noise = (0..<size * size).map { _ in Float(generator.normal()) }
        var values = noise
        for i in size + 1..<size * size - size - 1 {
            values[i] = (noise[i - 1] + noise[i + 1] + noise[i - size] + noise[i + size]) / 2 * contrast
        }
        let skin = pyramid.regions(at: size).skin
        let places = skin.indices.filter { skin[$0] > 0 }
        let middle = places[places.count / 2]
        let seen = skin.indices.map { half && $0 >= middle ? 0 : skin[$0] }
        return DetailMap(size: size, values: values.indices.map { seen[$0] > 0 ? values[$0] : 0 }, seen: seen)
    }

    private static func contents() -> FaceDatabaseContents {
        let network = DetailNetwork(seed: 3)
        let features = network.network()
        let faces = [0.04, 0.08, 0.16].enumerated().map { k, contrast in
            DetailStatistics(of: detail(Float(contrast), seed: UInt64(20 + k)), pyramid: pyramid, network: features)
        }
        return FaceDatabaseContents(network: .own(network), database: FaceDatabase(faces), size: 256)
    }

    private static func deviation(_ map: DetailMap, _ texels: [Int]) -> Float {
        (texels.reduce(0) { $0 + map.values[$1] * map.values[$1] } / Float(texels.count)).squareRoot()
    }

    @Test func unseenSkinGetsTheContrastOfTheSeenAndTheSeenStays() throws {
        let contents = Self.contents()
        let features = contents.network.network()
        for (k, contrast) in [Float(0.04), 0.08, 0.16].enumerated() {
            let half = Self.detail(contrast, seed: 50, half: true)
            let analysis = DetailAnalysis(
                of: DetailStatistics(of: half, pyramid: Self.pyramid, network: features), database: contents.database)
            #expect(abs(analysis.weights.reduce(0, +) - 1) < 1e-6 && analysis.weights.allSatisfy { $0 >= 0 })
            #expect(analysis.weights.indices.max { analysis.weights[$0] < analysis.weights[$1] } == k)
            let synthesis = DetailSynthesis(
                pyramid: Self.pyramid, network: features, analysis: analysis, database: contents.database)
            var losses: [Double] = []
            let done = try #require(
                synthesis.complete(half) {
                    losses.append($0.loss)
                    return true
                })
            #expect(losses.last! < 0.05 * losses[0])
            let skin = Self.pyramid.regions(at: 256).skin
            let unseen = skin.indices.filter { skin[$0] > 0 && half.seen[$0] == 0 }
            let found = Self.deviation(done, unseen)
            #expect(abs(found / contrast - 1) < 0.3, "\(found) beside \(contrast)")
            #expect(skin.indices.allSatisfy { half.seen[$0] < 1 || done.values[$0] == half.values[$0] })
            if k == 0 { #expect(synthesis.complete(half)?.values == done.values, "not the same bits") }
        }
    }

    @Test func itStopsWhenTold() {
        let contents = Self.contents()
        let features = contents.network.network()
        let half = Self.detail(0.08, seed: 50, half: true)
        let analysis = DetailAnalysis(
            of: DetailStatistics(of: half, pyramid: Self.pyramid, network: features), database: contents.database)
        let synthesis = DetailSynthesis(
            pyramid: Self.pyramid, network: features, analysis: analysis, database: contents.database)
        var count = 0
        #expect(
            synthesis.complete(half) { _ in
                count += 1
                return count < 3
            } == nil)
        #expect(count == 3)
    }

    @Test func theConvexFitIsOptimal() {
        var generator = SeededGenerator(seed: 4)
        for n in [2, 7, 30] {
            let rows = (0..<n * 12).map { _ in generator.normal() }
            var a = [Double](repeating: 0, count: n * n)
            for r in 0..<n {
                for c in 0..<n { a[r * n + c] = (0..<12).reduce(0) { $0 + rows[r * 12 + $1] * rows[c * 12 + $1] } }
            }
            let b = (0..<n).map { _ in 3 * generator.normal() }
            let w = ConvexFit.minimize(a, b, steps: 4000)
            #expect(abs(w.reduce(0, +) - 1) < 1e-9 && w.allSatisfy { $0 >= 0 })
            // Karush–Kuhn–Tucker: no weight can be moved to where the slope is lower.
            let slope = (0..<n).map { r in (0..<n).reduce(-b[r]) { $0 + a[r * n + $1] * w[$1] } }
            let used = slope.indices.filter { w[$0] > 1e-6 }.map { slope[$0] }
            #expect(used.max()! - slope.min()! < 0.02, "\(n) weights")
        }
    }

    @Test func aDatabaseComesBackFromItsFileAndDamageIsNoticed() throws {
        let contents = Self.contents()
        let file = contents.encoded()
        let back = try FaceDatabaseContents(encoded: file)
        #expect(back.network.weights == contents.network.weights && back.size == 256)
        #expect(back.database.faces == 3 && back.encoded() == file)
        for at in [3, 20, file.count / 2, file.count - 5] {
            var damaged = file
            damaged[at] ^= 0x40
            #expect(throws: DatabaseFileError.self) { try FaceDatabaseContents(encoded: damaged) }
        }
        #expect(throws: DatabaseFileError.self) { try FaceDatabaseContents(encoded: Array(file.prefix(1000))) }
    }

    @Test func octavesThatACameraResolvesFallWithItsDistance() {
        let near = Self.pyramid.resolved(pixelsPerMetre: 4000)
        let far = Self.pyramid.resolved(pixelsPerMetre: 200)
        #expect(near == [1] && far == [0])
    }
}
