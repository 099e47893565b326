import Tensors
import Testing

/// Pictures as PNG and back. Truth: the pictures themselves.
@Suite struct PNGTests {
    private static func picture(channels: Int) -> Image {
        Image(
            width: 5, height: 3, channels: channels,
            bytes: (0..<15 * channels).map { UInt8(truncatingIfNeeded: $0 * 37) })
    }

    @Test(arguments: [1, 3, 4]) func aRoundTripLosesNothing(channels: Int) throws {
        let picture = Self.picture(channels: channels)
        #expect(try Image(png: picture.png(), channels: channels) == picture)
    }

    @Test func damagedFilesAreRefused() throws {
        let file = try Self.picture(channels: 3).png()
        for length in 0..<file.count - 12 {
            #expect(throws: PNGError.self, "\(length) bytes") {
                try Image(png: Array(file.prefix(length)), channels: 3)
            }
        }
        // A million by a million pixels under a right checksum: refused before memory is asked for.
        var huge = file
        huge.replaceSubrange(16..<24, with: [0, 0x0F, 0x42, 0x40, 0, 0x0F, 0x42, 0x40])
        huge.replaceSubrange(29..<33, with: Self.checksum(huge[12..<29]))
        let error = #expect(throws: PNGError.self) { try Image(png: huge, channels: 3) }
        #expect(error?.reason == "1000000 × 1000000 pixels")
    }

    /// CRC-32 of a chunk (PNG specification, appendix D), most significant byte first.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var crc = UInt32.max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : 0xEDB8_8320 ^ crc >> 1 }
        }
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: ~crc >> UInt32($0)) }
    }
}
