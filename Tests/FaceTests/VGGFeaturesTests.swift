import Face
import Foundation
import Tensors
import Testing

/// A database with VGG's features instead of our own. Truth: what was put in, and the same synthesis' contrast.
@Suite struct VGGFeaturesTests {
    private static let atlas = {
        let model = TextureScene().model
        return TextureAtlas(model: model, size: 256, regions: .plain(pointCount: model.mean.count))
    }()
    private static let pyramid = DetailPyramid(atlas: atlas, smallest: 256)

    /// VGG-19's first convolutions, drawn by a seed.
    private static func file(_ seed: UInt64, convolutions: Int = 3) throws -> SafeTensors {
        var generator = SeededGenerator(seed: seed)
        var (header, data, inputs) = (["\"__metadata__\": {}"], Data(), 3)
        func add(_ name: String, _ shape: [Int], _ deviation: Double) {
            let start = data.count
            let values = (0..<shape.reduce(1, *)).map { _ in Float(deviation * generator.normal()) }
            values.withUnsafeBytes { data.append(contentsOf: $0) }
            let claim = #"{"dtype": "F32", "shape": \#(shape), "data_offsets": [\#(start), \#(data.count)]}"#
            header.append("\"\(name)\": \(claim)")
        }
        for (index, outputs) in [(0, 64), (2, 64), (5, 128), (7, 128), (10, 256)].prefix(convolutions) {
            add("features.\(index).weight", [outputs, inputs, 3, 3], (2 / Double(9 * inputs)).squareRoot())
            add("features.\(index).bias", [outputs], 0.05)
            inputs = outputs
        }
        let json = Data("{\(header.joined(separator: ", "))}".utf8)
        return try SafeTensors(withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) } + json + data)
    }

    /// Noise of a standard deviation on all skin; nothing seen in the lower half of it where asked.
    private static func detail(_ contrast: Float, seed: UInt64, half: Bool = false) -> DetailMap {
        var generator = SeededGenerator(seed: seed)
        let skin = pyramid.regions(at: 256).skin
        let places = skin.indices.filter { skin[$0] > 0 }
        let middle = places[places.count / 2]
        let seen = skin.indices.map { half && $0 >= middle ? 0 : skin[$0] }
        let values = skin.indices.map { _ in contrast * Float(generator.normal()) }
        return DetailMap(size: 256, values: zip(values, seen).map { $1 > 0 ? $0 : 0 }, seen: seen)
    }

    private static func contents(_ features: DetailFeatures) -> FaceDatabaseContents {
        let network = features.network()
        let faces = [Float(0.04), 0.08, 0.16].enumerated().map { k, contrast in
            DetailStatistics(of: detail(contrast, seed: UInt64(20 + k)), pyramid: pyramid, network: network)
        }
        return FaceDatabaseContents(network: features, database: FaceDatabase(faces), size: 256)
    }

    @Test func aDatabaseNamesItsFeaturesAndNoOthersServe() throws {
        let (file, other) = (try Self.file(1), try Self.file(2))
        let contents = Self.contents(.vgg(try VGG19(file, depth: .conv2)))
        #expect(contents.database.blocks.map(\.channels).max() == 128)
        let bytes = contents.encoded()
        let back = try FaceDatabaseContents(encoded: bytes, weights: file)
        #expect(back.encoded() == bytes && back.network.network().taps == [0, 3])
        for (weights, words) in [
            (nil, "texture.features is empty"), (other, "but texture.features names weights of"),
            (try Self.file(1, convolutions: 1), "features.2.weight"),
        ] {
            let error = #expect(throws: DatabaseFileError.self) {
                try FaceDatabaseContents(encoded: bytes, weights: weights)
            }
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
            #expect(error?.description.contains("\n") == false)
        }
        for at in [40, 50, 60, 110] {
            var damaged = bytes
            damaged[at] ^= 0x40
            #expect(throws: DatabaseFileError.self) { try FaceDatabaseContents(encoded: damaged, weights: file) }
        }
    }

    @Test func aDatabaseOfOurOwnFeaturesRefusesOthers() throws {
        let bytes = Self.contents(.own(DetailNetwork(seed: 3))).encoded()
        _ = try FaceDatabaseContents(encoded: bytes)
        let error = #expect(throws: DatabaseFileError.self) {
            try FaceDatabaseContents(encoded: bytes, weights: Self.file(1))
        }
        #expect(error?.description.contains("leave the key empty") == true)
    }

    /// To conv3_1, whose maps are a quarter as large.
    @Test func unseenSkinGetsTheContrastOfTheSeen() throws {
        let features = DetailFeatures.vgg(try VGG19(Self.file(1, convolutions: 5)))
        let database = Self.contents(features).database
        let network = features.network()
        let half = Self.detail(0.08, seed: 50, half: true)
        let analysis = DetailAnalysis(
            of: DetailStatistics(of: half, pyramid: Self.pyramid, network: network),
            relations: FaceRelations(database))
        #expect(analysis.weights.indices.max { analysis.weights[$0] < analysis.weights[$1] } == 1)
        var options = DetailSynthesis.Options()
        options.evaluations = [12]
        let synthesis = DetailSynthesis(
            pyramid: Self.pyramid, network: network, analysis: analysis, database: database, options: options)
        var losses: [Double] = []
        let done = try #require(
            synthesis.complete(half) {
                if $0.evaluation > 0 { losses.append($0.loss) }
                return true
            })
        #expect(losses.last! < 0.5 * losses[0], "\(losses)")
        let unseen = half.seen.indices.filter { Self.pyramid.regions(at: 256).skin[$0] > 0 && half.seen[$0] == 0 }
        let power = unseen.reduce(Float(0)) { $0 + done.values[$1] * done.values[$1] } / Float(unseen.count)
        #expect(abs(power.squareRoot() / 0.08 - 1) < 0.5, "\(power.squareRoot())")
    }
}
