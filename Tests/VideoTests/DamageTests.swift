import Foundation
import Tensors
import Testing
import Video

/// Files as they should not be. Truth: how each was broken.
@Suite struct DamageTests {
    private static func damaged(_ name: String, in folder: Folder, _ change: (inout [UInt8]) -> Void) throws -> String {
        // Intra frames all along, so that every quarter holds some.
        var settings = VideoEncoder.Settings()
        settings.intraInterval = 12
        let path = try Clip.write(folder("whole-" + name), frames: 150, settings: settings)
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        change(&bytes)
        return try folder.write(bytes, to: name)
    }

    @Test(arguments: [1, 2, 3]) func aRecordingWithoutItsIndexIsTruncated(quarters: Int) throws {
        let folder = try Folder()
        let path = try Self.damaged("a.mp4", in: folder) { $0.removeLast($0.count - $0.count * quarters / 4) }
        #expect(Clip.failure(.file(path: path))?.kind == .truncated)
    }

    @Test(arguments: [1, 2, 3]) func aStreamCutOffGivesWhatItHas(quarters: Int) throws {
        let folder = try Folder()
        let path = try Self.damaged("a.mkv", in: folder) { $0.removeLast($0.count - $0.count * quarters / 4) }
        let frames = try Clip.frames(path)
        #expect(frames.count > 0 && frames.count < 150)
        #expect(frames.map(\.number) == Array(0..<frames.count))
    }

    @Test func corruptBytesAreSkippedCountedAndMarked() throws {
        let folder = try Folder()
        let path = try Self.damaged("a.ts", in: folder) { bytes in
            // In the middle third; the same bytes each time.
            for at in stride(from: bytes.count / 3, to: 2 * bytes.count / 3, by: 61) { bytes[at] ^= 0x5A }
        }
        var reader = try VideoReader(.file(path: path))
        var frames: [Frame] = []
        while let frame = try reader.next() { frames.append(frame) }
        #expect(frames.count >= 50)
        let statistics = reader.statistics
        #expect(statistics.frames == frames.count)
        #expect(statistics.corruptPackets + statistics.damagedFrames > 0)
        #expect(statistics.damagedFrames == frames.count { $0.isDamaged })
        #expect(!frames[0].isDamaged)
        // The frames before the damage are those of the whole clip.
        let whole = try Clip.frames(folder("whole-a.ts"))
        let isSame = frames[5].image == whole[5].image
        #expect(isSame)
    }

    @Test func anEmptyFile() throws {
        let folder = try Folder()
        #expect(try Clip.failure(.file(path: folder.write([], to: "a.mp4")))?.kind == .empty)
    }

    @Test(arguments: [
        "To be, or not to be, that is the question:\nWhether 'tis nobler in the mind to suffer\n",
        "{\"name\": \"value\", \"list\": [1, 2, 3]}", "<html><body><p>Hello</p></body></html>", "x",
        "1\n00:00:01,000 --> 00:00:02,000\nA subtitle is not a picture\n\n", "#!/bin/sh\nexec true\n",
        String(repeating: "the quick brown fox jumps over the lazy dog\n", count: 2000),
    ])
    func textIsNotAVideo(text: String) throws {
        let folder = try Folder()
        for name in ["notes.txt", "clip.mp4", "photo.jpg"] {
            let kind = try Clip.failure(.file(path: folder.write(Array(text.utf8), to: name)))?.kind
            #expect(kind == .notAVideo || kind == .undecodable, "\(name): \(String(describing: kind))")
        }
    }

    @Test func zerosAndNoiseAreNotAVideo() throws {
        let folder = try Folder()
        var state: UInt64 = 1
        let noise = (0..<200_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        for bytes in [[UInt8](repeating: 0, count: 200_000), noise] {
            let kind = try Clip.failure(.file(path: folder.write(bytes, to: "a.mp4")))?.kind
            #expect(kind == .notAVideo || kind == .undecodable)
        }
    }

    @Test func soundAloneHasNoVideoStream() throws {
        let folder = try Folder()
        func number(_ value: Int, _ bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(value >> (8 * $0) & 255) } }
        let samples = (0..<8000).flatMap { number(Int(8000 * sin(Double($0) / 9)) & 0xFFFF, 2) }
        let header =
            Array("RIFF".utf8) + number(36 + samples.count, 4) + Array("WAVEfmt ".utf8) + number(16, 4) + number(1, 2)
            + number(1, 2) + number(8000, 4) + number(16000, 4) + number(2, 2) + number(16, 2) + Array("data".utf8)
            + number(samples.count, 4)
        #expect(try Clip.failure(.file(path: folder.write(header + samples, to: "a.wav")))?.kind == .noVideoStream)
    }

    @Test func pathsThatAreNoFiles() throws {
        let folder = try Folder()
        #expect(Clip.failure(.file(path: folder("nothing.mp4")))?.kind == .noSuchInput)
        #expect(Clip.failure(.file(path: folder.path))?.kind == .notAVideo)
        #expect(Clip.failure(.device(path: "/dev/video-none"))?.kind == .noSuchInput)
        #expect(Clip.failure(.device(path: "/dev/null"))?.kind != nil)
    }

    @Test func theEncoderSaysWhyItCannotWrite() throws {
        let folder = try Folder()
        #expect(throws: VideoError.self) { try Clip.write(folder("no/such/folder/a.mp4")) }
    }
}
