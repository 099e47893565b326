import Foundation
import Tensors
import Video

/// Films for the end-to-end tests, made once: a synthetic person by the real program, and what is derived from it.
enum Film {
    /// Three seconds of a person, 480 × 360, as MP4; the directory also holds the truth.
    static let person: String = made("person.mp4") { folder in
        let film = try Program.run([
            "synthetic", "--output", folder, "--models", Models.path, "--seconds", "3", "--size", "480x360", "--seed",
            "5",
        ])
        precondition(film.status == 0, film.errors)
    }

    /// The same person for twelve seconds: long enough to be asked about while it plays, on a busy machine too.
    static let long: String = made("long.mp4") { folder in
        try reencode(person, to: folder + "/long.mp4", times: 4) { $0 }
    }

    /// The same person, then one picture of them for ten minutes: nothing new to be seen, and time for a synthesis that
    /// stands back behind all other tests.
    static let still: String = made("still.mp4") { folder in
        try reencode(person, to: folder + "/still.mp4", lastTimes: 18_000) { $0 }
    }

    /// The avatar that the real program makes of `person`.
    static let avatar: String = made("avatars/avatar.glb") { folder in
        let run = try Program.run([
            "run", "--source", person, "--output", folder + "/avatars", "--models", Models.path,
        ])
        precondition(run.status == 0, run.errors)
    }

    /// The same person's film in another container, which its name chooses: `.ts` and `.mkv` survive being cut.
    static let transportStream: String = made("person.ts") { folder in
        try reencode(person, to: folder + "/person.ts") { $0 }
    }

    /// The same without colours.
    static let grey: String = made("grey.mp4") { folder in
        try reencode(person, to: folder + "/grey.mp4") { picture in
            var grey = picture
            for i in stride(from: 0, to: grey.bytes.count, by: 3) {
                let (r, g, b) = (Int(grey.bytes[i]), Int(grey.bytes[i + 1]), Int(grey.bytes[i + 2]))
                let luma = UInt8((2126 * r + 7152 * g + 722 * b) / 10000)
                for c in 0..<3 { grey.bytes[i + c] = luma }
            }
            return grey
        }
    }

    /// The person in a corner of a grey picture, eyes some 20 pixels apart.
    static let farAway: String = made("far.mp4") { folder in
        try reencode(person, to: folder + "/far.mp4") { picture in
            var wide = Image(width: 640, height: 480, channels: 3)
            for i in wide.bytes.indices { wide.bytes[i] = 110 }
            let factor = 3
            for y in 0..<picture.height / factor {
                for x in 0..<picture.width / factor {
                    for c in 0..<3 {
                        var sum = 0
                        for v in 0..<factor {
                            for u in 0..<factor {
                                sum += Int(picture.bytes[3 * ((y * factor + v) * picture.width + x * factor + u) + c])
                            }
                        }
                        wide.bytes[3 * ((y + 180) * 640 + x + 240) + c] = UInt8(sum / (factor * factor))
                    }
                }
            }
            return wide
        }
    }

    /// Two seconds of a moving ramp: nobody there.
    static let nobody: String = made("nobody.mp4") { folder in
        var encoder = try VideoEncoder(path: folder + "/nobody.mp4", width: 320, height: 240)
        for frame in 0..<60 {
            var image = Image(width: 320, height: 240, channels: 3)
            for y in 0..<240 {
                for x in 0..<320 {
                    for c in 0..<3 { image.bytes[3 * (y * 320 + x) + c] = UInt8((x + y * (c + 1) + 2 * frame) & 255) }
                }
            }
            try encoder.append(image)
        }
        try encoder.finish()
    }

    private static let folder: TemporaryDirectory = {
        // Statics are never released, and the films must not outlive the tests.
        atexit { try? FileManager.default.removeItem(atPath: Film.folder.path) }
        return TemporaryDirectory()
    }()

    private static func made(_ name: String, _ make: (String) throws -> Void) -> String {
        do { try make(folder.path) } catch { preconditionFailure("\(name): \(error)") }
        return folder.path + "/" + name
    }

    private static func reencode(
        _ path: String, to other: String, times: Int = 1, lastTimes: Int = 0, _ change: (Image) -> Image
    ) throws {
        var reader = try VideoReader(.file(path: path))
        var pictures: [Image] = []
        while let frame = try reader.next() {
            let image = frame.image
            pictures.append(change(image.crop(x: 0, y: 0, width: image.width, height: image.height)))
        }
        var settings = VideoEncoder.Settings()
        settings.intraInterval = 15
        var encoder = try VideoEncoder(
            path: other, width: pictures[0].width, height: pictures[0].height, settings: settings)
        for _ in 0..<times { for picture in pictures { try encoder.append(picture) } }
        for _ in 0..<lastTimes { try encoder.append(pictures.last!) }
        try encoder.finish()
    }
}
