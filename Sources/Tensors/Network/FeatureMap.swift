/// The size of feature maps: `count` pictures of `channels` × `height` × `width`.
package struct MapShape: Hashable, Sendable, CustomStringConvertible {
    package var count: Int
    package var channels: Int
    package var height: Int
    package var width: Int

    package init(count: Int = 1, channels: Int, height: Int, width: Int) {
        precondition(
            count > 0 && channels > 0 && height > 0 && width > 0, "maps of \(count)×\(channels)×\(height)×\(width)")
        self.count = count
        self.channels = channels
        self.height = height
        self.width = width
    }

    package var pixels: Int { height * width }
    package var description: String { "\(count)×\(channels)×\(height)×\(width)" }

    package func with(channels: Int) -> MapShape {
        MapShape(count: count, channels: channels, height: height, width: width)
    }
    /// After `LowPassPooling`: half as wide and high, rounded up.
    package var pooled: MapShape {
        MapShape(count: count, channels: channels, height: (height + 1) / 2, width: (width + 1) / 2)
    }
}

/// Feature maps in memory of their own, 64-byte aligned. Pictures (few channels) lie plane by plane. Maps of many channels
/// lie in blocks, which is what vector units and oneDNN want: [picture][channel / block][row][column][channel % block],
/// where channels beyond the last are zeros. A reference type because buffers are reused from evaluation to evaluation;
/// one thread at a time.
package final class FeatureMap {
    package let shape: MapShape
    /// Channels side by side: 1 is plane by plane.
    package let block: Int
    let values: UnsafeMutablePointer<Float>
    /// Floats, padding channels included.
    package let size: Int

    package init(_ shape: MapShape) {
        self.shape = shape
        block = FeatureMap.block(channels: shape.channels)
        size = shape.count * ((shape.channels + block - 1) / block) * block * shape.pixels
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size * MemoryLayout<Float>.stride, alignment: 64)
        values = memory.bindMemory(to: Float.self, capacity: size)
        values.initialize(repeating: 0, count: size)
    }

    deinit { UnsafeMutableRawPointer(values).deallocate() }

    static func block(channels: Int) -> Int { channels < 8 ? 1 : Processor.block }

    var blocks: Int { (shape.channels + block - 1) / block }

    /// The first pixel's channels 8 k to 8 k + 7; each further pixel's lie `block` floats behind. Of blocked maps.
    @inline(__always) func eight(_ k: Int, picture: Int = 0) -> UnsafeMutablePointer<Float> {
        block == 16
            ? values + (picture * blocks + k / 2) * shape.pixels * 16 + k % 2 * 8
            : values + (picture * blocks + k) * shape.pixels * 8
    }

    package func clear() { values.update(repeating: 0, count: size) }

    /// - Parameter planar: `count × channels × height × width` values.
    package func assign(_ planar: Span<Float>) {
        let n = shape.channels
        precondition(planar.count == shape.count * n * shape.pixels, "\(planar.count) values for maps of \(shape)")
        if block == 1 {
            planar.withUnsafeBufferPointer { values.update(from: $0.baseAddress!, count: $0.count) }
            return
        }
        for picture in 0..<shape.count {
            for channel in 0..<n {
                let from = (picture * n + channel) * shape.pixels
                let to = offset(picture: picture, channel: channel)
                for p in 0..<shape.pixels { values[to + p * block] = planar[from + p] }
            }
        }
    }

    /// `count × channels × height × width` values.
    package var planar: [Float] {
        let n = shape.channels
        if block == 1 {
            return Array(UnsafeBufferPointer(start: values, count: shape.count * n * shape.pixels))
        }
        var result = [Float](repeating: 0, count: shape.count * n * shape.pixels)
        for picture in 0..<shape.count {
            for channel in 0..<n {
                let to = (picture * n + channel) * shape.pixels
                let from = offset(picture: picture, channel: channel)
                for p in 0..<shape.pixels { result[to + p] = values[from + p * block] }
            }
        }
        return result
    }

    /// Of pixel 0 of a channel.
    private func offset(picture: Int, channel: Int) -> Int {
        (picture * blocks + channel / block) * shape.pixels * block + channel % block
    }
}
