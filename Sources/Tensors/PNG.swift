internal import CPNG

/// A picture that could not be written as, or read from, PNG; `reason` is libpng's own sentence.
package struct PNGError: Error, Equatable, CustomStringConvertible {
    package let reason: String
    package var description: String { "PNG: \(reason)" }
}

extension Image {
    /// More pixels than this are refused before memory is asked for: a few bytes of header may claim any size.
    static let largestDecoded = 1 << 26

    /// The picture as a PNG file: 8 bits a channel, grey, RGB or RGBA, tagged sRGB.
    package func png() throws(PNGError) -> [UInt8] {
        var header = png_image()
        header.version = UInt32(PNG_IMAGE_VERSION)
        header.width = UInt32(width)
        header.height = UInt32(height)
        header.format = Self.format(channels: channels)
        var size = 0
        guard png_image_write_to_memory(&header, nil, &size, 0, bytes, 0, nil) != 0 else { throw Self.error(header) }
        var file = [UInt8](repeating: 0, count: size)
        guard png_image_write_to_memory(&header, &file, &size, 0, bytes, 0, nil) != 0 else { throw Self.error(header) }
        file.removeLast(file.count - size)
        return file
    }

    /// Reads a PNG file, converting to `channels` (1, 3 or 4) 8-bit sRGB channels.
    package init(png file: [UInt8], channels: Int) throws(PNGError) {
        let result = file.withUnsafeBytes { raw in Self.read(raw, channels: channels) }
        self = try result.get()
    }

    /// libpng keeps the pointer from the first call for the second, so both lie in its scope.
    private static func read(_ raw: UnsafeRawBufferPointer, channels: Int) -> Result<Image, PNGError> {
        var header = png_image()
        header.version = UInt32(PNG_IMAGE_VERSION)
        guard let base = raw.baseAddress else { return .failure(PNGError(reason: "no bytes")) }
        guard png_image_begin_read_from_memory(&header, base, raw.count) != 0 else { return .failure(error(header)) }
        header.format = format(channels: channels)
        guard Int(header.width) * Int(header.height) <= Image.largestDecoded else {
            png_image_free(&header)
            return .failure(PNGError(reason: "\(header.width) × \(header.height) pixels"))
        }
        var bytes = [UInt8](repeating: 0, count: Int(header.width) * Int(header.height) * channels)
        guard png_image_finish_read(&header, nil, &bytes, 0, nil) != 0 else { return .failure(error(header)) }
        return .success(Image(width: Int(header.width), height: Int(header.height), channels: channels, bytes: bytes))
    }

    private static func format(channels: Int) -> UInt32 {
        switch channels {
        case 1: CPNG_formatGray
        case 3: CPNG_formatRGB
        case 4: CPNG_formatRGBA
        default: preconditionFailure("PNG holds 1, 3 or 4 channels, not \(channels)")
        }
    }

    private static func error(_ header: png_image) -> PNGError {
        let reason = withUnsafeBytes(of: header.message) { raw in
            String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        return PNGError(reason: reason.isEmpty ? "unknown failure" : reason)
    }
}
