import Foundation
import Tensors
import Testing

/// VGG-19 from a file. Truth: PyTorch on the same weights (Reference/vgg19.py).
@Suite struct VGG19Tests {
    private struct Dump: Decodable {
        struct Tap: Decodable {
            let sum: Double
            let values: [Double]
        }
        let height: Int
        let width: Int
        let picture: UInt64
        let loss: Double
        let gradient: [Double]
        let taps: [Tap]
    }

    /// SplitMix64's outputs as numbers in -1...1, times a scale; the script's formula.
    private static func sequence(_ count: Int, seed: UInt64, scale: Double) -> [Float] {
        var state = seed << 40
        return (0..<count).map { _ in
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            z ^= z >> 31
            return Float((Double(z >> 11) * 0x1p-53 * 2 - 1) * scale)
        }
    }

    private static let indices = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28]
    private static let names = [
        "conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv3_3", "conv3_4", "conv4_1", "conv4_2",
        "conv4_3", "conv4_4", "conv5_1",
    ]
    private static let outputs = [64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 512, 512, 512]

    /// The first convolutions' tensors by some names.
    private static func tensors(_ count: Int, _ name: (Int) -> String) -> [SafeTensorsFile.Tensor] {
        (0..<count).flatMap { k -> [SafeTensorsFile.Tensor] in
            let inputs = k == 0 ? 3 : outputs[k - 1]
            let weights = sequence(
                outputs[k] * inputs * 9, seed: UInt64(k), scale: (6 / Double(9 * inputs)).squareRoot())
            return [
                .init(name(k) + ".weight", [outputs[k], inputs, 3, 3], weights),
                .init(name(k) + ".bias", [outputs[k]], sequence(outputs[k], seed: UInt64(k + 100), scale: 0.1)),
            ]
        }
    }

    private static func some(_ values: [Float], _ count: Int) -> [Float] {
        stride(from: 0, to: values.count, by: values.count / count | 1).map { values[$0] }
    }

    private static func difference(_ a: [Float], _ b: [Double]) -> Double {
        guard a.count == b.count else { return .infinity }
        let error = zip(a, b).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
        return (error / max(b.reduce(0) { $0 + $1 * $1 }, 1e-30)).squareRoot()
    }

    /// To conv5_1; file and tensors are gone when it is made.
    private static func networkFromAFile() throws -> FeatureNetwork {
        let path = FileManager.default.temporaryDirectory.path + "/vgg-\(UUID().uuidString).safetensors"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try SafeTensorsFile.encoded(tensors(13) { "features.\(indices[$0])" }).write(to: URL(fileURLWithPath: path))
        let file = try SafeTensors(Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe))
        return try VGG19(file, depth: .conv5).network()
    }

    @Test func everyTapAndTheGradientArePyTorchs() throws {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Reference/vgg19.json")
        let dump = try JSONDecoder().decode(Dump.self, from: Data(contentsOf: url))
        let network = try Self.networkFromAFile()
        let picture = FeatureMap(MapShape(channels: 1, height: dump.height, width: dump.width))
        picture.assign(Self.sequence(picture.shape.pixels, seed: dump.picture, scale: 0.5).span)
        let maps = network.forward(picture)
        #expect(maps.map(\.shape.channels) == [64, 128, 256, 512, 512])
        var errors: [Double] = []
        for (map, truth) in zip(maps, dump.taps) {
            let values = map.planar
            errors.append(Self.difference(Self.some(values, 60), truth.values))
            errors.append(abs(values.reduce(0.0) { $0 + Double($1) } / truth.sum - 1))
        }
        let found = maps.map { Correlations(of: $0, at: .all($0.shape.pixels)) }
        let loss = found.reduce(0.0) { $0 + $1.means.reduce(0) { $0 + $1 * $1 } / Double($1.means.count) }
        errors.append(abs(loss / dump.loss - 1))
        let gradient = FeatureMap(picture.shape)
        network.backward(into: gradient) { tap, into in
            let scale = 2 / found[tap].weight / Double(found[tap].means.count)
            Correlations.addGradient(
                slope: found[tap].means.map { Float(scale * $0) }, of: maps[tap], at: .all(maps[tap].shape.pixels),
                to: into)
        }
        errors.append(Self.difference(Self.some(gradient.planar, 120), dump.gradient))
        print("VGG-19 beside PyTorch: " + errors.map { String(format: "%.1e", $0) }.joined(separator: " "))
        #expect(errors.allSatisfy { $0 < 1e-4 })
    }

    @Test(arguments: ["", "vgg19.", "module.features."]) func namesOfLayersServeAsWell(prefix: String) throws {
        let indexed = try SafeTensors(
            SafeTensorsFile.encoded(Self.tensors(3) { "module.features.\(Self.indices[$0])" }))
        let named = try SafeTensors(SafeTensorsFile.encoded(Self.tensors(3) { prefix + Self.names[$0] }))
        let (a, b) = (try VGG19(indexed, depth: .conv2), try VGG19(named, depth: .conv2))
        #expect(a.digest == b.digest && a.digest.count == 64)
        #expect(try VGG19(named, depth: .conv1).digest != a.digest)
        #expect(a.network().taps == [0, 3] && a.network().convolutions.count == 3)
    }

    @Test func whatIsMissingOrOfAnotherShapeIsNamed() throws {
        let few = try SafeTensors(SafeTensorsFile.encoded(Self.tensors(3) { "features.\(Self.indices[$0])" }))
        let missing = #expect(throws: SafeTensorsError.self) { try VGG19(few) }
        #expect(missing?.description.contains("\"features.7.weight\"") == true)
        var tensors = Self.tensors(1) { _ in "conv1_1" }
        tensors[1] = .init("conv1_1.bias", [8, 8], tensors[1].values)
        let bent = try SafeTensors(SafeTensorsFile.encoded(tensors))
        let shape = #expect(throws: SafeTensorsError.self) { try VGG19(bent, depth: .conv1) }
        #expect(shape?.description.contains("\"conv1_1.bias\" has shape 8×8, not 64") == true)
        let nothing = try SafeTensors(SafeTensorsFile.encoded([]))
        #expect(throws: SafeTensorsError.self) { try VGG19(nothing) }
    }
}
