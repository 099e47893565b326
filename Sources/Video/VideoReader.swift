internal import CFFmpeg
internal import Foundation
internal import Tensors

/// Reads upright frames from one source with libavformat and libavcodec. Blocking; owned by one thread.
///
/// A damaged packet is skipped and counted. The end of a file is `nil`; so is the clean end of a live source: a killed
/// RTSP server looks like one, and whoever owns the reader decides whether it is a loss.
package struct VideoReader: ~Copyable {
    package let source: VideoSource
    package let interruption: Interruption
    /// Damaged packets and frames skipped so far.
    package private(set) var corruptPackets = 0

    private let options: VideoOptions
    private var format: UnsafeMutablePointer<AVFormatContext>?
    private var codec: UnsafeMutablePointer<AVCodecContext>?
    private var packet: UnsafeMutablePointer<AVPacket>?
    private var picture: UnsafeMutablePointer<AVFrame>?
    private let stream: Int32
    private let secondsPerTick: Double
    private let framePeriod: Double
    private var converter = PlanarConverter()
    private var number = 0
    private var firstTime: Double?
    private var lastTime = 0.0
    private var draining = false
    private var opened = false

    package init(
        _ source: VideoSource, options: VideoOptions = VideoOptions(), interruption: Interruption = Interruption()
    ) throws(VideoError) {
        Self.prepareOnce
        self.source = source
        self.options = options
        self.interruption = interruption
        try Self.checkFile(source)
        let opening = try Opening(source, options: options, interruption: interruption)
        format = opening.format
        codec = opening.codec
        stream = opening.stream
        secondsPerTick = opening.secondsPerTick
        framePeriod = opening.framePeriod
        packet = av_packet_alloc()
        picture = av_frame_alloc()
    }

    deinit {
        var (codec, format, packet, picture) = (codec, format, packet, picture)
        av_frame_free(&picture)
        av_packet_free(&packet)
        avcodec_free_context(&codec)
        avformat_close_input(&format)
    }

    /// The next picture, or `nil` at the end.
    package mutating func next() throws(VideoError) -> Frame? {
        guard let codec, let picture else { preconditionFailure("reader without a decoder") }
        while true {
            let status = avcodec_receive_frame(codec, picture)
            if status == 0 {
                defer { av_frame_unref(picture) }
                if let frame = frame(from: picture) { return frame }
                corruptPackets += 1
            } else if status == CFFmpeg_error(EAGAIN) {
                try feed(codec)
            } else if status == CFFmpeg_endOfFile {
                if !opened { throw VideoError(.undecodable, source: source.description) }
                return nil
            } else {
                corruptPackets += 1
                try feed(codec)
            }
        }
    }

    /// Hands the decoder one packet of our stream, or the flush at the end.
    private mutating func feed(_ codec: UnsafeMutablePointer<AVCodecContext>) throws(VideoError) {
        guard let packet, !draining else { throw VideoError(.undecodable, source: source.description) }
        interruption.setDeadline(seconds: options.readSeconds)
        while true {
            let status = av_read_frame(format, packet)
            if interruption.isRequested { throw VideoError(.interrupted, source: source.description) }
            if status < 0 {
                // A source that fell silent ends in different ways; the clock alone says which.
                if interruption.isLate { throw VideoError(.timedOut, source: source.description) }
                if status == CFFmpeg_error(EAGAIN) { continue }
                if source.isLive, status != CFFmpeg_endOfFile {
                    throw VideoError(.io, source: source.description, detail: LibAV.text(status))
                }
                draining = true
                avcodec_send_packet(codec, nil)
                return
            }
            defer { av_packet_unref(packet) }
            guard packet.pointee.stream_index == stream else { continue }
            if packet.pointee.flags & AV_PKT_FLAG_CORRUPT != 0 { corruptPackets += 1 }
            let sent = avcodec_send_packet(codec, packet)
            if sent < 0, sent != CFFmpeg_error(EAGAIN) {
                corruptPackets += 1
                continue
            }
            return
        }
    }

    private mutating func frame(from picture: UnsafeMutablePointer<AVFrame>) -> Frame? {
        let rotation = quarterTurns(picture)
        guard let planar = converter.convert(picture) else { return nil }
        var image = planar.rotated(quarterTurns: rotation)
        if options.mirrored { image = image.flipped() }
        let stamp = picture.pointee.best_effort_timestamp
        var time = stamp == CFFmpeg_noTimestamp ? lastTime + framePeriod : Double(stamp) * secondsPerTick
        let first = firstTime ?? time
        firstTime = first
        time -= first
        // Time never runs backwards, whatever a stream says.
        if number > 0, time <= lastTime { time = lastTime + min(framePeriod, 1e-3) }
        lastTime = time
        opened = true
        defer { number += 1 }
        return Frame(image: image, time: time, number: number)
    }

    /// Clockwise quarter turns that make the picture upright, from the frame's or the stream's display matrix.
    private func quarterTurns(_ picture: UnsafeMutablePointer<AVFrame>) -> Int {
        if let side = av_frame_get_side_data(picture, AV_FRAME_DATA_DISPLAYMATRIX), side.pointee.size >= 36 {
            return LibAV.quarterTurns(side.pointee.data)
        }
        guard let format, let streams = format.pointee.streams, let entry = streams[Int(stream)],
            let matrix = av_stream_get_side_data(entry, AV_PKT_DATA_DISPLAYMATRIX, nil)
        else { return 0 }
        return LibAV.quarterTurns(matrix)
    }

    private static func checkFile(_ source: VideoSource) throws(VideoError) {
        let path: String
        switch source {
        case .file(let name), .device(let name): path = name
        case .network, .standardInput: return
        }
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            throw VideoError(code == EACCES ? .permissionDenied : .noSuchInput, source: source.description)
        }
        if case .device = source { return }
        guard access(path, R_OK) == 0 else { throw VideoError(.permissionDenied, source: source.description) }
        if status.st_mode & S_IFMT == S_IFDIR {
            throw VideoError(.notAVideo, source: source.description, detail: "it is a directory")
        }
        if status.st_mode & S_IFMT == S_IFREG, status.st_size == 0 {
            throw VideoError(.empty, source: source.description)
        }
    }

    /// Registers devices and keeps FFmpeg from writing to standard error by itself (its messages can hold passwords).
    private static let prepareOnce: Void = {
        avdevice_register_all()
        avformat_network_init()
        av_log_set_level(AV_LOG_QUIET)
    }()
}
