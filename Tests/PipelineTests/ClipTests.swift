import Foundation
import Pipeline
import Testing

/// The real program on films of real people. Truth: what the README promises.
@Suite(.ownThreads, .enabled(if: Models.present && SharedData.present, SharedData.missing)) struct ClipTests {
    @Test(.patient(minutes: 4), arguments: ["s18", "d3", "d13"]) func anAvatarOfEach(clip: String) throws {
        let place = TemporaryDirectory()
        let result = try Program.run([
            "run", "--source", "\(SharedData.path)/video/\(clip).mp4", "--output", place.path, "--models", Models.path,
            "--until-end",
        ])
        #expect(result.status == 0, "\(result.errors)")
        let json = try Data(contentsOf: URL(fileURLWithPath: place.path + "/avatar.json"))
        let manifest = try #require(Manifest(json: [UInt8](json)))
        #expect(manifest.bytes < 8_000_000 && manifest.quality.coverage > 0.4)
        let first = try #require(result.output.split(separator: "\n").first { $0.hasPrefix("first avatar") })
        let seconds = try #require(Double(first.split(separator: " ")[2]))
        #expect(seconds <= 3, "\(first)")
        let landmarks = try #require(result.output.split(separator: "\n").first { $0.hasPrefix("landmarks") })
        let percent = try #require(Double(landmarks.split(separator: " ")[1]))
        print("\(clip): \(landmarks)")
        #expect(percent <= 3, "\(landmarks)")
    }
}
