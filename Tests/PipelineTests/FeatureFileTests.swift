import Foundation
import Pipeline
import Tensors
import Testing

/// Files of weights that `--features` and `texture.features` name. Truth: the documented status, and the message.
@Suite(.ownThreads) struct FeatureFileTests {
    @Test func whatCannotBeReadIsAConfigurationError() throws {
        let place = TemporaryDirectory()
        try Data("no weights, only words".utf8).write(to: URL(fileURLWithPath: place.path + "/words"))
        try FileManager.default.createDirectory(atPath: place.path + "/folder", withIntermediateDirectories: true)
        for (name, words) in [
            ("nothing", "no file"), ("folder", "no file"), ("words", "no whole safetensors file"),
        ] {
            let failure = #expect(throws: Failure.self) {
                try FaceDatabaseFile.vgg(place.path + "/" + name, depth: .conv3)
            }
            #expect(failure?.code == .configuration && failure?.description.contains(words) == true, "\(name)")
            #expect(failure?.description.contains(place.path + "/" + name) == true)
        }
    }

    @Test(.enabled(if: Models.present, Models.missing)) func ourOwnFeaturesAndAFileOfWeightsExcludeEachOther() throws {
        let place = TemporaryDirectory()
        let header = Data("{}".utf8)
        try (Data([2, 0, 0, 0, 0, 0, 0, 0]) + header).write(to: URL(fileURLWithPath: place.path + "/empty"))
        let preset = place.path + "/mine.yaml"
        try "texture:\n  features: \(place.path)/empty\n".write(toFile: preset, atomically: true, encoding: .utf8)
        let arguments = [
            "run", "--source", Film.person, "--output", place.path, "--models", Models.path, "--preset", preset,
        ]
        let run = try Program.run(arguments, synthesis: true)
        #expect(run.status == 78 && run.errors.contains("leave the key empty"), "\(run.errors)")
    }
}
