import Foundation
import Testing
import Tracking

@Suite(.enabled(if: Places.hasModels, "\(Places.noModels)")) struct NetworkTests {
    struct Output: Sendable, CustomStringConvertible {
        let file: PinnedFile
        let index: Int
        let count: Int
        let magnitude: Double
        /// Values at 0, n/3 and n−1.
        let values: [Float]
        var description: String { "\(file.rawValue) \(index)" }
    }

    /// Truth: LiteRT's Python interpreter on the same input, by Reference/network_outputs.py. The tolerance is for the
    /// kernels that XNNPACK chooses on other processors.
    @Test(arguments: [
        Output(
            file: .faceDetector, index: 0, count: 14336, magnitude: 189_845, values: [0.8117151, 4.908497, -22.68254]),
        Output(
            file: .faceDetector, index: 1, count: 896, magnitude: 2735.93, values: [-4.850235, -3.321512, -12.19051]),
        Output(file: .faceMesh, index: 0, count: 1404, magnitude: 95723.7, values: [96.74003, 38.49826, 12.85461]),
        Output(file: .faceMesh, index: 1, count: 1, magnitude: 9.08463, values: [-9.084625, -9.084625, -9.084625]),
        Output(file: .iris, index: 0, count: 213, magnitude: 4993.79, values: [25.08626, 0.1960521, -7.97066]),
        Output(file: .iris, index: 1, count: 15, magnitude: 371.569, values: [34.947, 5.293734, 5.291843]),
        Output(
            file: .personMask, index: 0, count: 65536, magnitude: 8.25485, values: [9.070794e-36, 0, 3.407658e-36]),
    ])
    func outputsAreThoseOfTheReference(expected: Output) throws {
        let library = try LiteRTLibrary(directory: Places.models)
        let model = try CompiledModel(expected.file, directory: Places.models, library: library)
        let input = (0..<model.inputCount).map { i in
            let value = Float((i * 7919) % 1009) / 1008
            return expected.file == .faceDetector ? value * 2 - 1 : value
        }
        #expect(model.outputCounts[expected.index] == expected.count)
        // Twice: the first run must leave nothing behind.
        for _ in 0..<2 {
            let output = try model.run(input)[expected.index]
            let magnitude = output.reduce(0.0) { $0 + abs(Double($1)) }
            #expect(abs(magnitude / expected.magnitude - 1) < 1e-3)
            for (value, at) in zip(expected.values, [0, expected.count / 3, expected.count - 1]) {
                #expect(abs(output[at] - value) < 2e-2, "\(output[at]) at \(at), reference \(value)")
            }
        }
    }

    /// Truth: by construction, there is no such file, or it is not the pinned one.
    @Test func missingAndForeignFilesAreNamedAndNeverLoaded() throws {
        let folder = FileManager.default.temporaryDirectory.path + "/models-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func failure(_ work: () throws -> Void) -> ModelError? {
            do {
                try work()
                return nil
            } catch { return error as? ModelError }
        }
        let missing = try #require(failure { _ = try LiteRTLibrary(directory: folder) })
        #expect(missing.kind == .missing)
        #expect(missing.description.contains(folder + "/libLiteRt.so") && missing.description.contains("./set-up"))
        for file in PinnedFile.allCases {
            try Data("abc".utf8).write(to: URL(fileURLWithPath: folder + "/" + file.rawValue))
            let wrong = try #require(failure { _ = try file.load(from: folder) })
            // FIPS 180-4's digest of "abc".
            #expect(
                wrong.kind
                    == .wrongHash(
                        expected: file.sha256,
                        found: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
            #expect(!wrong.description.contains("\n") && wrong.description.contains("./set-up"))
        }
        #expect(failure { _ = try LiteRTLibrary(directory: folder) } != nil)
    }

    /// Truth: by construction, the bytes are no whole model. Only that nothing crashes and nothing is accepted.
    @Test func damagedModelsAreRefused() throws {
        let library = try LiteRTLibrary(directory: Places.models)
        let whole = try PinnedFile.faceDetector.load(from: Places.models)
        var random = SplitMix(state: 7)
        let noise = (0..<4096).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        var damaged: [[UInt8]] = [[], noise, [UInt8](repeating: 0, count: 1000), Array("TFL3".utf8)]
        damaged += [8, 100, whole.count / 4, whole.count / 2].map { Array(whole[..<$0]) }
        for bytes in damaged {
            #expect(throws: ModelError.self, "\(bytes.count) bytes") {
                _ = try CompiledModel(bytes: bytes, name: "damaged", library: library)
            }
        }
        // And the library is none the worse for it.
        let model = try CompiledModel(bytes: whole, name: "whole", library: library)
        #expect(model.outputCounts == [896 * 16, 896])
    }
}

/// A fixed sequence (SplitMix64), the same on every machine.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
