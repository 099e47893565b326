internal import CFFmpeg
internal import Foundation

/// An opened source: container, best video stream and its decoder. Whoever makes one owns the two contexts.
struct Opening {
    let format: UnsafeMutablePointer<AVFormatContext>
    let codec: UnsafeMutablePointer<AVCodecContext>
    let stream: Int32
    let secondsPerTick: Double
    let framePeriod: Double

    init(_ source: VideoSource, options: VideoOptions, interruption: Interruption) throws(VideoError) {
        let name = source.description
        var context = avformat_alloc_context()
        guard let allocated = context else { throw VideoError(.io, source: name, detail: "no memory") }
        allocated.pointee.interrupt_callback = AVIOInterruptCB(
            callback: { opaque in
                guard let opaque else { return 0 }
                return Unmanaged<Interruption>.fromOpaque(opaque).takeUnretainedValue().mustStop ? 1 : 0
            }, opaque: Unmanaged.passUnretained(interruption).toOpaque())
        interruption.setDeadline(seconds: options.openSeconds)
        var settings = Self.settings(source, options)
        defer { av_dict_free(&settings) }
        var input: UnsafePointer<AVInputFormat>?
        let url: String
        switch source {
        case .device(let path):
            url = path
            input = UnsafePointer(av_find_input_format("v4l2"))
        case .file(let path): url = "file:" + path
        case .network(let address): url = address
        case .standardInput: url = "pipe:0"
        }
        let status = avformat_open_input(&context, url, input, &settings)
        // On failure the context is already freed and `context` nil.
        guard status >= 0, let format = context else {
            let kind = LibAV.kind(
                ofOpening: status, source: source, late: interruption.isLate, interrupted: interruption.isRequested)
            let cutOff = kind == .notAVideo && Self.hasUnfinishedIndex(source)
            throw VideoError(cutOff ? .truncated : kind, source: name, detail: LibAV.text(status))
        }
        do throws(VideoError) {
            let probed = avformat_find_stream_info(format, nil)
            if interruption.isRequested { throw VideoError(.interrupted, source: name) }
            if interruption.isLate { throw VideoError(.timedOut, source: name) }
            if probed < 0 { throw VideoError(.notAVideo, source: name, detail: LibAV.text(probed)) }
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
            self.codec = try Self.decoder(decoder, for: entry, threads: options.threads, name: name)
            stream = best
            secondsPerTick = av_q2d(entry.pointee.time_base)
            let rate = av_q2d(entry.pointee.avg_frame_rate)
            framePeriod = rate.isFinite && rate > 0 ? 1 / rate : 1 / 30
            self.format = format
        } catch {
            avformat_close_input(&context)
            throw error
        }
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

    private static func settings(_ source: VideoSource, _ options: VideoOptions) -> OpaquePointer? {
        var settings: OpaquePointer?
        switch source {
        case .device:
            if options.width > 0, options.height > 0 {
                av_dict_set(&settings, "video_size", "\(options.width)x\(options.height)", 0)
            }
            if options.framesPerSecond > 0 { av_dict_set(&settings, "framerate", "\(options.framesPerSecond)", 0) }
        case .network(let url) where url.hasPrefix("rtsp"):
            av_dict_set(&settings, "rtsp_transport", options.udp ? "udp" : "tcp", 0)
            av_dict_set(&settings, "timeout", "\(Int(options.readSeconds * 1e6))", 0)
            av_dict_set(&settings, "allowed_media_types", "video", 0)
        case .network, .file, .standardInput: break
        }
        return settings
    }

    /// An MP4 whose `moov` box never came: the usual result of a recording that was cut off.
    private static func hasUnfinishedIndex(_ source: VideoSource) -> Bool {
        guard case .file(let path) = source, let file = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? file.close() }
        guard let head = try? file.read(upToCount: 12), head.count == 12 else { return false }
        return head[4..<8] == Data("ftyp".utf8)
    }
}
