import Foundation
import Tensors
import Testing
import Video

/// Two people one after the other in one film, and the first one again. Truth: who was filmed when. Synthetic people's skins
/// are too much alike for this.
@Suite(.enabled(if: Models.present && SharedData.present, SharedData.missing)) struct StrangerTests {
    /// Two seconds of each clip, 640 × 360.
    private static func film(_ path: String) throws {
        var encoder = try VideoEncoder(path: path, width: 640, height: 360)
        for clip in ["s18", "d13", "s18"] {
            var reader = try VideoReader(.file(path: "\(SharedData.path)/video/\(clip).mp4"))
            for _ in 0..<60 {
                guard let frame = try reader.next() else { break }
                let image = frame.image
                try encoder.append(fitted(image.crop(x: 0, y: 0, width: image.width, height: image.height)))
            }
        }
        try encoder.finish()
    }

    /// As large as it fits into 640 × 360, nearest pixels, on black.
    private static func fitted(_ image: Image) -> Image {
        var result = Image(width: 640, height: 360, channels: 3)
        let scale = max(Double(image.width) / 640, Double(image.height) / 360)
        for y in 0..<360 {
            for x in 0..<640 {
                let (u, v) = (Int(Double(x) * scale), Int(Double(y) * scale))
                guard u < image.width, v < image.height else { continue }
                for c in 0..<3 { result.bytes[3 * (y * 640 + x) + c] = image.bytes[3 * (v * image.width + u) + c] }
            }
        }
        return result
    }

    @Test(.timeLimit(.minutes(3))) func aStrangerIsKeptOut() throws {
        let place = TemporaryDirectory()
        let path = place.path + "/two.mp4"
        try Self.film(path)
        let run = try Program.run([
            "run", "--source", path, "--output", place.path + "/out", "--models", Models.path,
        ])
        #expect(run.status == 0, "\(run.errors)")
        let strangers = try #require(run.output.firstMatch(of: /(\d+) another person/).flatMap { Int($0.1) })
        let unsure = run.output.firstMatch(of: /(\d+) unrecognized/).flatMap { Int($0.1) } ?? 0
        // All of the second person's sixty frames; a few of the first one's until they are recognized.
        #expect((60...80).contains(strangers + unsure) && strangers > 35, "\(strangers) and \(unsure) frames")

        let preset = place.path + "/end.yaml"
        let text = try String(contentsOfFile: packageRoot + "/Presets/webcam.yaml", encoding: .utf8)
        try text.replacingOccurrences(of: "stranger: ignore", with: "stranger: end").write(
            toFile: preset, atomically: true, encoding: .utf8)
        let ended = try Program.run([
            "run", "--source", path, "--output", place.path + "/end", "--models", Models.path, "--preset", preset,
        ])
        #expect(ended.status == 4 && ended.errors.contains("another person"), "\(ended.errors)")
        #expect(FileManager.default.fileExists(atPath: place.path + "/end/avatar.glb"))
    }
}
