import Foundation
import Tensors
import Video

/// A folder of its own for one test; gone with it.
final class Folder {
    let path = FileManager.default.temporaryDirectory.path + "/likeness-video-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { path + "/" + name }

    func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: self(name)))
        return self(name)
    }
}

enum Clip {
    /// Columns of red, green, blue, white, black, yellow, cyan, magenta and a skin colour.
    static let bars: [SIMD3<Int>] = [
        [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0], [255, 255, 0], [0, 255, 255], [255, 0, 255],
        [198, 134, 66],
    ]

    static func barsImage(width: Int, height: Int) -> Image {
        picture(width: width, height: height) { x, _ in bars[x * bars.count / width] }
    }

    static func picture(width: Int, height: Int, _ colour: (Int, Int) -> SIMD3<Int>) -> Image {
        var image = Image(width: width, height: height, channels: 3)
        for y in 0..<height {
            for x in 0..<width {
                let rgb = colour(x, y)
                for c in 0..<3 { image.bytes[3 * (y * width + x) + c] = UInt8(rgb[c]) }
            }
        }
        return image
    }

    /// Mean RGB of a square around a pixel.
    static func mean(_ image: Image, x: Int, y: Int, radius: Int = 2) -> SIMD3<Double> {
        var sum = SIMD3<Double>.zero
        for row in y - radius...y + radius {
            for column in x - radius...x + radius {
                let at = 3 * (row * image.width + column)
                sum += SIMD3(Double(image.bytes[at]), Double(image.bytes[at + 1]), Double(image.bytes[at + 2]))
            }
        }
        let side = Double(2 * radius + 1)
        return sum / (side * side)
    }

    /// A bright square that moves right by four pixels a frame over a grey ramp: every frame tells its number.
    static func moving(_ number: Int, width: Int = 160, height: Int = 96) -> Image {
        picture(width: width, height: height) { x, y in
            let left = 4 * number % (width - 16)
            let inside = x >= left && x < left + 16 && y >= 40 && y < 56
            return inside ? [250, 240, 60] : SIMD3(repeating: 40 + x / 2)
        }
    }

    @discardableResult static func write(
        _ path: String, frames: Int = 30, width: Int = 160, height: Int = 96,
        settings: VideoEncoder.Settings = VideoEncoder.Settings()
    ) throws -> String {
        var encoder = try VideoEncoder(path: path, width: width, height: height, settings: settings)
        for number in 0..<frames { try encoder.append(moving(number, width: width, height: height)) }
        try encoder.finish()
        return path
    }

    static func frames(_ path: String, options: VideoOptions = VideoOptions()) throws -> [Frame] {
        var reader = try VideoReader(.file(path: path), options: options)
        var frames: [Frame] = []
        while let frame = try reader.next() { frames.append(frame) }
        return frames
    }

    /// How opening and reading to the end fails.
    static func failure(_ source: VideoSource, options: VideoOptions = VideoOptions()) -> VideoError? {
        do throws(VideoError) {
            var reader = try VideoReader(source, options: options)
            while try reader.next() != nil {}
            return nil
        } catch {
            return error
        }
    }
}

/// FFmpeg's own program, where it is installed: makes what our encoder cannot.
enum CommandLineFFmpeg {
    static let path = "/usr/bin/ffmpeg"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }

    static func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["-v", "error", "-y"] + arguments
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}
