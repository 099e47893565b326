/// An 8-bit picture: `height` × `width` pixels, `channels` interleaved (1 grey, 3 RGB, 4 RGBA), sRGB-coded unless said
/// otherwise. Row 0 is the top; pixel (x, y) covers [x, x+1) × [y, y+1) of image space, so its centre is at +0.5.
package struct Image: Sendable, Equatable {
    package let width: Int
    package let height: Int
    package let channels: Int
    /// `height * width * channels` bytes, row by row.
    package var bytes: [UInt8]

    package init(width: Int, height: Int, channels: Int, bytes: [UInt8]) {
        precondition(
            bytes.count == width * height * channels,
            "image of \(width)×\(height)×\(channels) needs \(width * height * channels) bytes, got \(bytes.count)")
        self.width = width
        self.height = height
        self.channels = channels
        self.bytes = bytes
    }

    package init(width: Int, height: Int, channels: Int, filledWith byte: UInt8 = 0) {
        self.init(
            width: width, height: height, channels: channels,
            bytes: [UInt8](repeating: byte, count: width * height * channels))
    }
}

/// A picture of floats: `height` × `width` × `channels`, interleaved. The holder says unit and light (linear or coded).
package struct FloatImage: Sendable, Equatable {
    package let width: Int
    package let height: Int
    package let channels: Int
    /// `height * width * channels` values, row by row.
    package var values: [Float]

    package init(width: Int, height: Int, channels: Int, values: [Float]) {
        precondition(
            values.count == width * height * channels,
            "image of \(width)×\(height)×\(channels) needs \(width * height * channels) values, got \(values.count)")
        self.width = width
        self.height = height
        self.channels = channels
        self.values = values
    }

    package init(width: Int, height: Int, channels: Int, filledWith value: Float = 0) {
        self.init(
            width: width, height: height, channels: channels,
            values: [Float](repeating: value, count: width * height * channels))
    }
}
