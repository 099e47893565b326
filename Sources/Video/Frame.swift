package import Tensors

/// A decoded picture with its time.
package struct Frame: Sendable {
    /// Upright: rotation metadata and mirroring are already applied.
    package var image: YUVImage
    /// Seconds since the source's first picture.
    package var time: Double
    /// Counts from 0 in the order of presentation.
    package var number: Int

    package init(image: YUVImage, time: Double, number: Int) {
        self.image = image
        self.time = time
        self.number = number
    }
}

/// How a source is opened.
package struct VideoOptions: Sendable, Equatable {
    /// Asked of a device; 0 leaves it to the device.
    package var width = 0
    package var height = 0
    package var framesPerSecond = 0
    /// RTSP over UDP instead of TCP.
    package var udp = false
    /// The source shows a mirror image: flip it back.
    package var mirrored = false
    /// Seconds until opening, or one read, counts as failed.
    package var openSeconds = 10.0
    package var readSeconds = 5.0
    package var threads = 1

    package init() {}
}
