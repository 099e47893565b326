package import Tensors

/// A decoded picture with its time.
package struct Frame: Sendable {
    /// Upright: rotation metadata and mirroring are already applied.
    package var image: YUVImage
    /// Seconds since the source's first picture; grows strictly.
    package var time: Double
    /// Counts from 0 in the order of presentation.
    package var number: Int
    /// Parts of it were lost, or it was predicted from a picture of which parts were lost: fit for a glance, not for a
    /// texture.
    package var isDamaged: Bool
    /// How many openings of the source came before this one's: what was in a picture of another opening says nothing about
    /// this one.
    package var opening: Int

    package init(
        image: YUVImage, time: Double, number: Int, isDamaged: Bool = false, opening: Int = 0
    ) {
        self.image = image
        self.time = time
        self.number = number
        self.isDamaged = isDamaged
        self.opening = opening
    }
}

/// How a source is opened.
package struct VideoOptions: Sendable, Equatable {
    /// Asked of a device; 0 leaves it to the device.
    package var width = 0
    package var height = 0
    package var framesPerSecond = 0
    /// Asked of a device, by FFmpeg's name ("mjpeg", "yuyv422"). Without one, a size from 720p on is asked for as
    /// Motion JPEG first: USB 2 has no room for 30 raw pictures of that size a second.
    package var pixelFormat: String?
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

/// What a reader has seen so far.
package struct VideoStatistics: Sendable, Equatable {
    /// Packets of the video stream.
    package var packets = 0
    /// Packets that came damaged or that the decoder refused: skipped.
    package var corruptPackets = 0
    /// Frames handed out.
    package var frames = 0
    /// Those of them with `isDamaged`.
    package var damagedFrames = 0
}
