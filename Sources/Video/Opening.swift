internal import CFFmpeg
internal import Foundation

/// An opened source: container, best video stream and its decoder. Whoever makes one frees the two contexts.
struct Opening {
    let format: UnsafeMutablePointer<AVFormatContext>
    let codec: UnsafeMutablePointer<AVCodecContext>
    let stream: Int32
    let secondsPerTick: Double
    let framePeriod: Double
    /// What `format` reads from, where that is not a URL; must outlive it.
    let pipe: PipeInput?

    init(_ source: VideoSource, options: VideoOptions, watchdog: Watchdog) throws(VideoError) {
        LibAV.prepare
        let name = source.description
        watchdog.setDeadline(seconds: options.openSeconds)
        let kindOfFile = try FileKind(source)
        if kindOfFile == .pipe {
            var path: String?
            if case .file(let fifo) = source { path = fifo }
            pipe = try PipeInput(path: path, watchdog: watchdog)
        } else {
            pipe = nil
        }
        var context: UnsafeMutablePointer<AVFormatContext>? = try Self.open(
            source, options: options, pipe: pipe, watchdog: watchdog)
        guard let format = context else { throw VideoError(.io, source: name) }
        do throws(VideoError) {
            // A device says all there is to know when it is opened; probing it would only lose its first pictures.
            if case .device = source {
            } else {
                let probed = avformat_find_stream_info(format, nil)
                if watchdog.isInterrupted { throw VideoError(.interrupted, source: name) }
                if watchdog.isLate { throw VideoError(.timedOut, source: name) }
                if probed < 0 { throw VideoError(.notAVideo, source: name, detail: LibAV.text(probed)) }
            }
            var decoder: UnsafePointer<AVCodec>?
            let best = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0)
            guard best >= 0, let decoder, let entry = format.pointee.streams[Int(best)] else {
                // FFmpeg takes any text for a "subtitle" or a "teletext": such a file has no stream worth its name.
                let hasSound = av_find_best_stream(format, AVMEDIA_TYPE_AUDIO, -1, -1, nil, 0) >= 0
                throw VideoError(hasSound ? .noVideoStream : .notAVideo, source: name)
            }
            // A text file passes as ANSI art: pictures of characters, never of a person.
            if ["tty", "txd"].contains(String(cString: format.pointee.iformat.pointee.name)) {
                throw VideoError(.notAVideo, source: name)
            }
            // Of an album's cover picture nobody makes a film.
            if entry.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC != 0 {
                throw VideoError(.noVideoStream, source: name)
            }
            self.codec = try Self.decoder(decoder, for: entry, threads: options.threads, name: name)
            stream = best
            secondsPerTick = av_q2d(entry.pointee.time_base)
            let rate = av_q2d(entry.pointee.avg_frame_rate)
            framePeriod = rate.isFinite && rate > 0 ? 1 / rate : 1 / 30
            self.format = format
        } catch {
            avformat_close_input(&context)
            throw error.orTruncated(source)
        }
    }

    private static func open(
        _ source: VideoSource, options: VideoOptions, pipe: PipeInput?, watchdog: Watchdog
    ) throws(VideoError) -> UnsafeMutablePointer<AVFormatContext> {
        var status: Int32 = 0
        for var settings in settings(source, options) {
            defer { av_dict_free(&settings) }
            var context = avformat_alloc_context()
            guard let allocated = context else {
                throw VideoError(.io, source: source.description, detail: "no memory")
            }
            allocated.pointee.interrupt_callback = AVIOInterruptCB(
                callback: { opaque in
                    guard let opaque else { return 0 }
                    return Unmanaged<Watchdog>.fromOpaque(opaque).takeUnretainedValue().mustStop ? 1 : 0
                }, opaque: Unmanaged.passUnretained(watchdog).toOpaque())
            var input: UnsafePointer<AVInputFormat>?
            var url = ""
            switch source {
            case .device(let path):
                url = path
                input = UnsafePointer(av_find_input_format("v4l2"))
                // A device that falls silent must not hold the thread in the kernel.
                allocated.pointee.flags |= AVFMT_FLAG_NONBLOCK
            case .network(let address):
                url = address
                Redaction.remember(address: address)
            case .file(let path) where pipe == nil:
                url = "file:" + path
                Redaction.remember(address: path)
            case .file, .standardInput: allocated.pointee.pb = pipe?.context
            }
            // On failure the context is freed and `context` nil.
            status = avformat_open_input(&context, url, input, &settings)
            if status >= 0, let context { return context }
            if watchdog.mustStop { break }
        }
        let kind = LibAV.kind(ofOpening: status, source: source, watchdog: watchdog)
        // What FFmpeg says when it was stopped from outside is beside the point.
        var detail = watchdog.mustStop ? "" : LibAV.text(status)
        if kind == .busy, case .device(let path) = source, let users = DeviceUsers.text(of: path) { detail = users }
        throw VideoError(kind, source: source.description, detail: detail).orTruncated(source)
    }

    private static func decoder(
        _ decoder: UnsafePointer<AVCodec>, for stream: UnsafeMutablePointer<AVStream>, threads: Int, name: String
    ) throws(VideoError) -> UnsafeMutablePointer<AVCodecContext> {
        var context = avcodec_alloc_context3(decoder)
        guard let codec = context else { throw VideoError(.io, source: name, detail: "no memory") }
        codec.pointee.thread_count = Int32(threads)
        codec.pointee.pkt_timebase = stream.pointee.time_base
        var status = avcodec_parameters_to_context(codec, stream.pointee.codecpar)
        if status >= 0 { status = avcodec_open2(codec, decoder, nil) }
        guard status >= 0 else {
            avcodec_free_context(&context)
            throw VideoError(.undecodable, source: name, detail: LibAV.text(status))
        }
        return codec
    }

    /// The settings to open a source with, and those to try when it refuses them.
    private static func settings(_ source: VideoSource, _ options: VideoOptions) -> [OpaquePointer?] {
        var common: [(String, String)] = []
        switch source {
        case .device:
            if options.width > 0, options.height > 0 {
                common.append(("video_size", "\(options.width)x\(options.height)"))
            }
            if options.framesPerSecond > 0 { common.append(("framerate", "\(options.framesPerSecond)")) }
            let isLarge = options.width * options.height >= 1280 * 720
            if let wanted = options.pixelFormat ?? (isLarge ? "mjpeg" : nil) {
                return [dictionary(common + [("input_format", wanted)]), dictionary(common)]
            }
        case .network(let url) where url.hasPrefix("rtsp"):
            common = [
                ("rtsp_transport", options.udp ? "udp" : "tcp"),
                ("timeout", "\(Int(max(options.openSeconds, options.readSeconds) * 1e6))"),
                ("allowed_media_types", "video"),
            ]
        case .network, .file, .standardInput: break
        }
        return [dictionary(common)]
    }

    private static func dictionary(_ settings: [(String, String)]) -> OpaquePointer? {
        var dictionary: OpaquePointer?
        for (key, value) in settings { av_dict_set(&dictionary, key, value, 0) }
        return dictionary
    }
}
