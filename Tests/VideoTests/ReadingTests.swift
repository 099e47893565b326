import Foundation
import Tensors
import Testing
import Video

/// Truth: the clips' own making, frame by frame; a film that is turned must equal the picture turned.
@Suite struct ReadingTests {
    @Test func everyFrameInOrderAndTheSameTwice() throws {
        let folder = try Folder()
        let path = try Clip.write(folder("a.mp4"), frames: 45)
        let first = try Clip.frames(path)
        let second = try Clip.frames(path)
        #expect(first.map(\.number) == Array(0..<45))
        let isSame = first.map(\.image) == second.map(\.image)
        #expect(isSame && first.map(\.time) == second.map(\.time))
        for frame in first {
            #expect(abs(frame.time - Double(frame.number) / 30) < 1e-4)
            // The square of this number is where it belongs.
            let seen = Clip.mean(frame.image.rgb(), x: 4 * frame.number % 144 + 8, y: 48)
            #expect(abs(seen.x - 250) < 6 && abs(seen.z - 60) < 10, "frame \(frame.number): \(seen)")
            #expect(!frame.isDamaged)
        }
    }

    @Test func moreThreadsGiveTheSameFrames() throws {
        let folder = try Folder()
        let path = try Clip.write(folder("a.mp4"))
        var options = VideoOptions()
        options.threads = 3
        let isSame = try Clip.frames(path, options: options).map(\.image) == Clip.frames(path).map(\.image)
        #expect(isSame)
    }

    /// Also where the heap holds other bytes than before: x264 has been seen to read what it never wrote.
    @Test func theEncoderWritesTheSameBytesAgain() throws {
        let folder = try Folder()
        var films: Set<Data> = []
        for byte in [UInt8(0), 85, 170, 255] {
            let litter = (0..<64).map { [UInt8](repeating: byte, count: 1000 << ($0 % 10)) }
            #expect(litter.allSatisfy { $0.last == byte })
            films.insert(try Data(contentsOf: URL(fileURLWithPath: Clip.write(folder("\(byte).mp4")))))
        }
        #expect(films.count == 1)
    }

    @Test(arguments: [1, 2, 3]) func rotationMetadataTurnsThePicture(turns: Int) throws {
        let folder = try Folder()
        var settings = VideoEncoder.Settings()
        settings.quarterTurns = turns
        let stored = try Clip.frames(Clip.write(folder("a.mp4"), frames: 2))
        let shown = try Clip.frames(Clip.write(folder("b.mp4"), frames: 2, settings: settings))
        let isTurned = shown[1].image == stored[1].image.rotated(quarterTurns: turns)
        #expect(isTurned)
        // Clockwise: what was at the top left is at the top right after one quarter.
        let image = shown[0].image.rgb()
        let corner = [(image.width - 4, 3), (image.width - 4, image.height - 4), (3, image.height - 4)][turns - 1]
        #expect(abs(Clip.mean(image, x: corner.0, y: corner.1).x - 41) < 4)
    }

    @Test(.enabled(if: CommandLineFFmpeg.isInstalled, "needs the program ffmpeg"), arguments: [1, 3])
    func rotationAgreesWithFFmpeg(turns: Int) throws {
        let folder = try Folder()
        var settings = VideoEncoder.Settings()
        settings.quarterTurns = turns
        let path = try Clip.write(folder("a.mp4"), frames: 1, settings: settings)
        // Not as PNG: FFmpeg would tag it with the film's gamma, and the reader convert it.
        try CommandLineFFmpeg.run(["-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", folder("rgb")])
        let theirs = try Data(contentsOf: URL(fileURLWithPath: folder("rgb")))
        let ours = try Clip.frames(path)[0].image.rgb()
        #expect(ours.width == 96 && ours.height == 160 && theirs.count == ours.bytes.count)
        let sum = zip(ours.bytes, theirs).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
        #expect(Double(sum) / Double(ours.bytes.count) < 2)
    }

    @Test func mirroredSwapsLeftAndRight() throws {
        let folder = try Folder()
        let path = try Clip.write(folder("a.mp4"), frames: 1)
        var options = VideoOptions()
        options.mirrored = true
        let image = try Clip.frames(path, options: options)[0].image
        let isFlipped = try image == Clip.frames(path)[0].image.flipped()
        #expect(isFlipped)
        #expect(Clip.mean(image.rgb(), x: 160 - 8, y: 48).x > 240)
    }

    @Test func theSizeMayChangeOnTheWay() throws {
        let folder = try Folder()
        var bytes = Data()
        for (name, width, height) in [("a.h264", 160, 96), ("b.h264", 96, 160)] {
            try Clip.write(folder(name), frames: 10, width: width, height: height)
            bytes += try Data(contentsOf: URL(fileURLWithPath: folder(name)))
        }
        let frames = try Clip.frames(folder.write(bytes, to: "both.h264"))
        #expect(frames.count == 20)
        #expect(frames.map(\.image.width) == Array(repeating: 160, count: 10) + Array(repeating: 96, count: 10))
        let times = frames.map(\.time)
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
    }

    /// Redirected and piped, as `likenessd --source -` gets it: here through a named pipe.
    @Test func aNamedPipeIsRead() async throws {
        let folder = try Folder()
        let clip = try Clip.write(folder("a.mkv"), frames: 20)
        let fifo = folder("pipe")
        #expect(mkfifo(fifo, 0o600) == 0)
        let writer = Thread {
            guard let data = FileManager.default.contents(atPath: clip), let pipe = FileHandle(forWritingAtPath: fifo)
            else { return }
            try? pipe.write(contentsOf: data)
            try? pipe.close()
        }
        writer.start()
        let isSame = try Clip.frames(fifo).map(\.image) == Clip.frames(clip).map(\.image)
        #expect(isSame)
    }

    /// An MP4 as cameras write it, its index behind the pictures, cannot be read from a pipe: the message says so.
    @Test func aPipedMovieWithItsIndexAtTheEndIsExplained() throws {
        let folder = try Folder()
        // Larger than FFmpeg's buffer, in which it could still go back: noise does not compress.
        var settings = VideoEncoder.Settings()
        (settings.quality, settings.intraInterval) = (4, 1)
        var encoder = try VideoEncoder(path: folder("a.mp4"), width: 320, height: 240, settings: settings)
        for number in 0..<12 {
            try encoder.append(
                Clip.picture(width: 320, height: 240) { x, y in
                    SIMD3(repeating: (x &* 7919 &+ y &* 104_729 &+ number &* 31) &* 2_654_435_761 >> 7 & 255)
                })
        }
        try encoder.finish()
        let film = try Data(contentsOf: URL(fileURLWithPath: folder("a.mp4")))
        try #require(film.count > 200_000)
        let fifo = folder("pipe")
        #expect(mkfifo(fifo, 0o600) == 0)
        // The reader may leave before the end.
        signal(SIGPIPE, SIG_IGN)
        let writer = Thread {
            guard let pipe = FileHandle(forWritingAtPath: fifo) else { return }
            try? pipe.write(contentsOf: film)
            try? pipe.close()
        }
        writer.start()
        let error = try #require(Clip.failure(.file(path: fifo)))
        #expect(error.description.contains("not piped"), "\(error)")
    }
}
