import Foundation
import Tensors
import Testing
import Video

/// Truth: the colours that were encoded, and codes written by hand into uncompressed files.
@Suite struct ColourTests {
    @Test(
        arguments: [YUVImage.Coefficients.bt601, .bt709],
        [(false, 1, 1), (false, 1, 0), (false, 0, 0), (true, 1, 1), (true, 1, 0), (true, 0, 0)])
    func barsComeBack(coefficients: YUVImage.Coefficients, coding: (full: Bool, x: Int, y: Int)) throws {
        let folder = try Folder()
        var settings = VideoEncoder.Settings()
        settings.coefficients = coefficients
        settings.fullRange = coding.full
        (settings.chromaShiftX, settings.chromaShiftY) = (coding.x, coding.y)
        settings.quality = 4
        let (width, height) = (288, 64)
        var encoder = try VideoEncoder(path: folder("bars.mp4"), width: width, height: height, settings: settings)
        for _ in 0..<3 { try encoder.append(Clip.barsImage(width: width, height: height)) }
        try encoder.finish()
        let frames = try Clip.frames(folder("bars.mp4"))
        #expect(frames.count == 3)
        for frame in frames {
            #expect(frame.image.coefficients == coefficients && frame.image.fullRange == coding.full)
            #expect(frame.image.chromaShiftX == coding.x && frame.image.chromaShiftY == coding.y)
            let image = frame.image.rgb()
            for (i, bar) in Clip.bars.enumerated() {
                let seen = Clip.mean(image, x: (2 * i + 1) * width / (2 * Clip.bars.count), y: height / 2)
                let error = (0..<3).map { abs(seen[$0] - Double(bar[$0])) }.max() ?? 255
                #expect(error <= 3, "bar \(i): \(seen) for \(bar)")
            }
        }
    }

    /// Without any mark in the stream the size decides.
    @Test(arguments: [
        (320, 240, YUVImage.Coefficients.bt601), (720, 576, .bt601), (1280, 720, .bt709), (720, 1280, .bt709),
    ])
    func unmarkedPicturesAreGuessedBySize(width: Int, height: Int, expected: YUVImage.Coefficients) throws {
        let folder = try Folder()
        let bytes =
            Array("YUV4MPEG2 W\(width) H\(height) F25:1 Ip A1:1 C420jpeg\nFRAME\n".utf8)
            + [UInt8](repeating: 81, count: width * height) + [UInt8](repeating: 90, count: width * height / 4)
            + [UInt8](repeating: 240, count: width * height / 4)
        let image = try #require(Clip.frames(folder.write(bytes, to: "a.y4m")).first).image
        #expect(image.coefficients == expected && !image.fullRange)
        #expect(image.luma[7] == 81 && image.cb[7] == 90 && image.cr[7] == 240)
    }

    /// Ten bits to eight: code 4 c is code c; the scaler may dither by one.
    @Test(arguments: [("420p10", 1, 1), ("422p10", 1, 0), ("444p10", 0, 0)])
    func tenBitsKeepMatrixRangeAndSubsampling(name: String, x: Int, y: Int) throws {
        let folder = try Folder()
        let (width, height) = (64, 48)
        var bytes = Array("YUV4MPEG2 W\(width) H\(height) F25:1 Ip A1:1 C\(name)\nFRAME\n".utf8)
        let chroma = (width >> x) * (height >> y)
        for (code, count) in [(4 * 81, width * height), (4 * 90, chroma), (4 * 240, chroma)] {
            for _ in 0..<count { bytes += [UInt8(code & 255), UInt8(code >> 8)] }
        }
        let image = try #require(Clip.frames(folder.write(bytes, to: "a.y4m")).first).image
        #expect(image.chromaShiftX == x && image.chromaShiftY == y && !image.fullRange)
        #expect(image.coefficients == .bt601)
        for (plane, code) in [(image.luma, 81), (image.cb, 90), (image.cr, 240)] {
            let worst = plane.map { abs(Int($0) - code) }.max() ?? 255
            #expect(worst <= 1)
        }
    }

    /// RGB, RGB with alpha, grey: what a picture file holds is what comes back.
    @Test(arguments: [1, 3, 4]) func picturesAreOneFrameOfTheirColours(channels: Int) throws {
        let folder = try Folder()
        let bars = Clip.barsImage(width: 90, height: 40)
        var image = Image(width: 90, height: 40, channels: channels, filledWith: 255)
        for at in 0..<90 * 40 {
            for c in 0..<min(channels, 3) { image.bytes[at * channels + c] = bars.bytes[at * 3 + c] }
        }
        let frames = try Clip.frames(folder.write(image.png(), to: "a.png"))
        #expect(frames.count == 1 && frames[0].time == 0)
        let back = frames[0].image.rgb()
        var worst = 0
        for at in 0..<90 * 40 {
            for c in 0..<3 {
                let truth = image.bytes[at * channels + (channels == 1 ? 0 : c)]
                worst = max(worst, abs(Int(truth) - Int(back.bytes[at * 3 + c])))
            }
        }
        #expect(worst <= 2)
    }

    /// A JPEG is BT.601 of full range at any size: also where an unmarked film would be taken for BT.709.
    @Test func largeJPEGIsStillBT601() throws {
        let folder = try Folder()
        var settings = VideoEncoder.Settings()
        settings.codec = .motionJPEG
        settings.coefficients = .bt601
        settings.fullRange = true
        settings.quality = 2
        var encoder = try VideoEncoder(path: folder("a.mjpeg"), width: 1440, height: 800, settings: settings)
        try encoder.append(Clip.barsImage(width: 1440, height: 800))
        try encoder.finish()
        try FileManager.default.moveItem(atPath: folder("a.mjpeg"), toPath: folder("photo.jpg"))
        let frames = try Clip.frames(folder("photo.jpg"))
        #expect(frames.count == 1)
        let image = frames[0].image
        #expect(image.coefficients == .bt601 && image.fullRange)
        let seen = Clip.mean(image.rgb(), x: 80, y: 400)
        let worst = (0..<3).map { abs(seen[$0] - Double([255, 0, 0][$0])) }.max() ?? 255
        #expect(worst <= 3, "\(seen)")
    }

    /// What cameras give: semiplanar and packed. Truth: the same bars.
    @Test(
        .enabled(if: CommandLineFFmpeg.isInstalled, "needs the program ffmpeg"),
        arguments: [("nv12", 1, 1), ("yuyv422", 1, 0), ("uyvy422", 1, 0), ("rgb24", 0, 0), ("bgra", 0, 0)])
    func rawCameraFormats(format: String, x: Int, y: Int) throws {
        let folder = try Folder()
        let png = try folder.write(Clip.barsImage(width: 288, height: 64).png(), to: "bars.png")
        try CommandLineFFmpeg.run([
            "-i", png, "-vf", "scale=out_color_matrix=bt601:out_range=tv:flags=neighbor+accurate_rnd,format=\(format)",
            "-c:v", "rawvideo", folder("a.nut"),
        ])
        let frame = try #require(Clip.frames(folder("a.nut")).first).image
        #expect(frame.chromaShiftX == x && frame.chromaShiftY == y)
        let image = frame.rgb()
        for (i, bar) in Clip.bars.enumerated() {
            let seen = Clip.mean(image, x: (2 * i + 1) * 16, y: 32)
            let error = (0..<3).map { abs(seen[$0] - Double(bar[$0])) }.max() ?? 255
            #expect(error <= 3, "bar \(i): \(seen) for \(bar)")
        }
    }
}
