internal import CFFmpeg
internal import Foundation
internal import Tensors

/// Reads upright frames from one source with libavformat and libavcodec. Blocking; owned by one thread.
///
/// A damaged packet is skipped and counted, and what is predicted from its picture is marked. The end of a file is
/// `nil`; so is the clean end of a live source: a killed RTSP server looks like one, and whoever owns the reader decides
/// whether it is a loss. A live source that falls silent throws `timedOut`.
package struct VideoReader: ~Copyable {
    package let source: VideoSource
    package let interruption: Interruption
    package private(set) var statistics = VideoStatistics()
    /// Damaged packets skipped so far.
    package var corruptPackets: Int { statistics.corruptPackets }

    private let options: VideoOptions
    private let watchdog: Watchdog
    private let pipe: PipeInput?
    private var format: UnsafeMutablePointer<AVFormatContext>?
    private var codec: UnsafeMutablePointer<AVCodecContext>?
    private var packet: UnsafeMutablePointer<AVPacket>?
    private var picture: UnsafeMutablePointer<AVFrame>?
    private let stream: Int32
    private let isDevice: Bool
    private var converter: PlanarConverter
    private var clock: StreamClock
    private var damage = Damage()
    private var draining = false
    private var lastPicture: ContinuousClock.Instant

    /// Packets that come without ever making a picture are no sign of life for ever: so many seconds, and at least three
    /// times `readSeconds`. Cameras send an intra frame every 10 s at the least.
    private static let longestWithoutPicture = 30.0

    package init(
        _ source: VideoSource, options: VideoOptions = VideoOptions(), interruption: Interruption = Interruption()
    ) throws(VideoError) {
        self.source = source
        self.options = options
        self.interruption = interruption
        watchdog = Watchdog(interruption)
        let opening = try Opening(source, options: options, watchdog: watchdog)
        format = opening.format
        codec = opening.codec
        pipe = opening.pipe
        stream = opening.stream
        if case .device = source { isDevice = true } else { isDevice = false }
        converter = PlanarConverter(isDevice: isDevice)
        // Of a live source no longer silence can have been endured; a film may hold a picture for a minute.
        clock = StreamClock(
            secondsPerTick: opening.secondsPerTick, framePeriod: opening.framePeriod,
            longestGap: source.isLive ? options.readSeconds + 5 : 60)
        lastPicture = .now
        packet = av_packet_alloc()
        picture = av_frame_alloc()
    }

    deinit {
        var (codec, format, packet, picture) = (codec, format, packet, picture)
        watchdog.beginClosing()
        av_frame_free(&picture)
        av_packet_free(&packet)
        avcodec_free_context(&codec)
        // The context points at both.
        withExtendedLifetime((watchdog, pipe)) { avformat_close_input(&format) }
    }

    /// The next picture, or `nil` at the end.
    package mutating func next() throws(VideoError) -> Frame? {
        guard let codec, let picture else { preconditionFailure("reader without a decoder") }
        while true {
            if interruption.isRequested { throw VideoError(.interrupted, source: source.description) }
            if source.isLive,
                ContinuousClock.now - lastPicture
                    > .seconds(max(Self.longestWithoutPicture, 3 * options.readSeconds))
            {
                throw VideoError(
                    .timedOut, source: source.description, detail: "data came, but no picture that could be decoded")
            }
            let status = avcodec_receive_frame(codec, picture)
            if status == 0 {
                defer { av_frame_unref(picture) }
                if let frame = frame(from: picture) {
                    lastPicture = .now
                    return frame
                }
                statistics.corruptPackets += 1
            } else if status == CFFmpeg_error(EAGAIN) {
                try feed(codec)
            } else if status == CFFmpeg_endOfFile {
                if statistics.frames == 0 { throw nothingDecoded() }
                return nil
            } else {
                statistics.corruptPackets += 1
                damage.lost()
                try feed(codec)
            }
        }
    }

    private func nothingDecoded() -> VideoError {
        let isMovie = format.map { String(cString: $0.pointee.iformat.pointee.name).contains("mp4") } ?? false
        let detail =
            pipe != nil && isMovie ? "an MP4 whose index is at its end must be a file, not piped" : ""
        return VideoError(.undecodable, source: source.description, detail: detail)
    }

    /// Hands the decoder one packet of our stream, or the flush at the end.
    private mutating func feed(_ codec: UnsafeMutablePointer<AVCodecContext>) throws(VideoError) {
        guard let packet, !draining else { return }
        watchdog.setDeadline(seconds: options.readSeconds)
        while true {
            let status = av_read_frame(format, packet)
            if interruption.isRequested { throw VideoError(.interrupted, source: source.description) }
            if status < 0 {
                // A source that fell silent ends in different ways; the clock alone says which.
                if watchdog.isLate { throw VideoError(.timedOut, source: source.description) }
                if status == CFFmpeg_error(EAGAIN) {
                    // Only a device has nothing yet. 2 ms are short beside a frame and long beside a processor.
                    usleep(2000)
                    continue
                }
                if source.isLive, status != CFFmpeg_endOfFile {
                    let unplugged = status == CFFmpeg_error(ENODEV)
                    throw VideoError(
                        .io, source: source.description,
                        detail: unplugged ? "the device is gone; plug it in again" : LibAV.text(status))
                }
                draining = true
                avcodec_send_packet(codec, nil)
                return
            }
            defer { av_packet_unref(packet) }
            // At the deadline FFmpeg first hands out what its parser still held; that is no sign of life.
            if source.isLive, watchdog.isLate { throw VideoError(.timedOut, source: source.description) }
            guard packet.pointee.stream_index == stream else { continue }
            statistics.packets += 1
            var isCorrupt = packet.pointee.flags & AV_PKT_FLAG_CORRUPT != 0 || packet.pointee.size == 0
            if !isCorrupt {
                if isDevice { Self.pad(packet) }
                let sent = avcodec_send_packet(codec, packet)
                isCorrupt = sent < 0 && sent != CFFmpeg_error(EAGAIN)
            }
            if !isCorrupt { return }
            statistics.corruptPackets += 1
            damage.lost()
        }
    }

    /// Moves a packet from a device's mapped buffer to memory of our own. Decoders and scalers read some bytes beyond the
    /// end, where FFmpeg promises padding; behind the mapping there may be nothing.
    private static func pad(_ packet: UnsafeMutablePointer<AVPacket>) {
        var copy = av_packet_alloc()
        defer { av_packet_free(&copy) }
        guard let copy, av_new_packet(copy, packet.pointee.size) == 0 else { return }
        copy.pointee.data.update(from: packet.pointee.data, count: Int(packet.pointee.size))
        av_packet_copy_props(copy, packet)
        av_packet_unref(packet)
        av_packet_move_ref(packet, copy)
    }

    private mutating func frame(from picture: UnsafeMutablePointer<AVFrame>) -> Frame? {
        let orientation = Orientation(of: picture, in: format?.pointee.streams?[Int(stream)])
        guard let planar = converter.convert(picture) else { return nil }
        var image = orientation.applied(to: planar)
        if options.mirrored { image = image.flipped() }
        let isDamaged = damage.reaches(
            isIntra: picture.pointee.key_frame != 0,
            isBroken: picture.pointee.decode_error_flags != 0 || picture.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0)
        let stamp = picture.pointee.best_effort_timestamp
        let time = clock.time(stamp: stamp == CFFmpeg_noTimestamp ? nil : stamp)
        defer { statistics.frames += 1 }
        if isDamaged { statistics.damagedFrames += 1 }
        return Frame(image: image, time: time, number: statistics.frames, isDamaged: isDamaged)
    }
}
