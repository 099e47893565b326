import Foundation
import Tensors
import Testing

/// Pictures as JPEG and back. Truth: the pictures themselves, within the quantization that the quality stands for.
@Suite struct JPEGTests {
    /// Smooth colours with fine structure of ±8 codes, all three channels apart.
    private static func picture(_ width: Int, _ height: Int, channels: Int = 3) -> Image {
        var image = Image(width: width, height: height, channels: channels)
        for y in 0..<height {
            for x in 0..<width {
                for c in 0..<channels {
                    let (u, v) = (Double(x) + Double(3 * c), Double(y))
                    let value = 128 + 60 * sin(u / 31 + Double(c)) * cos(v / 23) + 8 * sin(u * 1.1) * sin(v * 0.9)
                    image.bytes[(y * width + x) * channels + c] = UInt8(value)
                }
            }
        }
        return image
    }

    private static func worst(_ a: Image, _ b: Image) -> (most: Int, mean: Double) {
        let differences = zip(a.bytes, b.bytes).map { abs(Int($0) - Int($1)) }
        return (differences.max() ?? 0, Double(differences.reduce(0, +)) / Double(differences.count))
    }

    @Test(arguments: [(64, 64), (131, 77), (1, 1)])
    func aRoundTripLosesLittle(width: Int, height: Int) throws {
        for (quality, most, mean) in [(95, 12, 1.5), (85, 26, 4.0)] {
            for channels in [1, 3] {
                let picture = Self.picture(width, height, channels: channels)
                let file = try picture.jpeg(quality: quality)
                #expect(file.starts(with: [0xFF, 0xD8, 0xFF]))
                #expect(try picture.jpeg(quality: quality) == file)
                let read = try Image(jpeg: file, channels: channels)
                #expect(read.width == width && read.height == height)
                let loss = Self.worst(read, picture)
                #expect(loss.most <= most && loss.mean <= mean, "quality \(quality): \(loss)")
            }
        }
    }

    /// Where chroma had half the resolution, red and cyan stripes of a pixel would become grey.
    @Test func chromaHasFullResolution() throws {
        var stripes = Image(width: 64, height: 64, channels: 3)
        for i in 0..<64 * 64 { for c in 0..<3 { stripes.bytes[3 * i + c] = (i % 2 == 0) == (c == 0) ? 160 : 96 } }
        let read = try Image(jpeg: stripes.jpeg(quality: 95), channels: 3)
        #expect(Self.worst(read, stripes).most < 16)
    }

    @Test func damagedFilesAreRefused() throws {
        let file = try Self.picture(96, 96).jpeg(quality: 90)
        for length in stride(from: 0, to: file.count - 2, by: 97) {
            #expect(throws: JPEGError.self) { try Image(jpeg: Array(file.prefix(length)), channels: 3) }
        }
        #expect(throws: JPEGError.self) { try Image(jpeg: Self.picture(8, 8).png(), channels: 3) }
        // 65500 × 65500 pixels of nothing.
        var huge = file
        let frame = try #require(huge.indices.dropLast().first { huge[$0] == 0xFF && huge[$0 + 1] == 0xC0 })
        huge.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
        #expect(throws: JPEGError.self) { try Image(jpeg: huge, channels: 3) }
        for at in file.indices {
            var changed = file
            changed[at] ^= 0x55
            _ = try? Image(jpeg: changed, channels: 3)
        }
    }
}
