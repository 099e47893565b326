import Face
import Foundation
import Pipeline
import Tensors
import Testing
import Video

/// Two people one after the other in one film, and the first one again. Truth: who was filmed when. Synthetic people's skins
/// are too much alike for this.
@Suite(.ownThreads, .enabled(if: Models.present && SharedData.present, SharedData.missing)) struct StrangerTests {
    /// Two seconds of each clip, 640 × 360.
    private static func film(_ path: String, _ clips: [String] = ["s18", "d13", "s18"]) throws {
        var encoder = try VideoEncoder(path: path, width: 640, height: 360)
        for clip in clips {
            let name = clip.replacingOccurrences(of: " mirrored", with: "")
            var reader = try VideoReader(.file(path: "\(SharedData.path)/video/\(name).mp4"))
            for _ in 0..<60 {
                guard let frame = try reader.next() else { break }
                let image = clip == name ? frame.image : frame.image.flipped()
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

    @Test(.patient(minutes: 3)) func aStrangerIsKeptOut() throws {
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

        try text.replacingOccurrences(of: "stranger: ignore", with: "stranger: apart").write(
            toFile: preset, atomically: true, encoding: .utf8)
        let apart = try Program.run([
            "run", "--source", path, "--output", place.path + "/apart", "--models", Models.path, "--preset", preset,
        ])
        #expect(apart.status == 0 && apart.output.contains("avatar-2.glb"), "\(apart.errors)")
        #expect(apart.output.firstMatch(of: /another person/) == nil)
        let names = try FileManager.default.contentsOfDirectory(atPath: place.path + "/apart")
        #expect(names.contains("avatar.json") && names.contains("avatar-2.json") && !names.contains("avatar-3.json"))
        // Each has a face of its own, and the first one's is what it is without the second.
        let (alone, first, second) = try (
            Self.skin(place.path + "/out/avatar.glb"), Self.skin(place.path + "/apart/avatar.glb"),
            Self.skin(place.path + "/apart/avatar-2.glb")
        )
        #expect(Self.difference(alone, first) < 2 && Self.difference(first, second) > 15)
    }

    private static func skin(_ path: String) throws -> Image {
        try Avatar(glb: [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))).skin
    }

    /// Mean, in codes.
    private static func difference(_ a: Image, _ b: Image) -> Double {
        zip(a.bytes, b.bytes).reduce(0.0) { $0 + abs(Double($1.0) - Double($1.1)) } / Double(max(a.bytes.count, 1))
    }

    /// Truth: which part was turned over.
    @Test(.patient(minutes: 3)) func aMirroredPartIsKeptOut() throws {
        let place = TemporaryDirectory()
        let path = place.path + "/mirrored.mp4"
        try Self.film(path, ["d13", "d13 mirrored", "d13"])
        let run = try Program.run([
            "run", "--source", path, "--output", place.path + "/out", "--models", Models.path,
        ])
        #expect(run.status == 0, "\(run.errors)")
        let mirrored = try #require(run.output.firstMatch(of: /(\d+) mirrored/).flatMap { Int($0.1) })
        let unsure = run.output.firstMatch(of: /(\d+) unrecognized/).flatMap { Int($0.1) } ?? 0
        // All of the mirrored sixty, and what passes until the next look.
        #expect(mirrored > 35 && (60...105).contains(mirrored + unsure), "\(mirrored) and \(unsure) frames")
    }
}
