internal import CFFmpeg
internal import Foundation
package import Tensors

/// Writes pictures as a film; the file's extension chooses the container. One thread: the same pictures give the same
/// file. Blocking; owned by one thread.
package struct VideoEncoder: ~Copyable {
    package struct Settings: Sendable, Equatable {
        package enum Codec: Sendable { case h264, motionJPEG }

        package var codec = Codec.h264
        package var framesPerSecond = 30
        /// x264's constant rate factor (0 lossless … 51), or Motion JPEG's quantizer (2 … 31).
        package var quality = 18
        /// Frames from one intra frame to the next at most.
        package var intraInterval = 60
        /// How RGB becomes Y′CbCr, as the file declares it.
        package var coefficients = YUVImage.Coefficients.bt709
        package var fullRange = false
        package var chromaShiftX = 1
        package var chromaShiftY = 1
        /// Written as metadata: a player turns the picture clockwise by so many quarters.
        package var quarterTurns = 0

        package init() {}
    }

    private let path: String
    private let settings: Settings
    private let width: Int
    private let height: Int
    private var format: UnsafeMutablePointer<AVFormatContext>?
    private var codec: UnsafeMutablePointer<AVCodecContext>?
    private var packet: UnsafeMutablePointer<AVPacket>?
    private var picture: UnsafeMutablePointer<AVFrame>?
    private var count: Int64 = 0

    /// - Parameters:
    ///   - width: pixels of every picture; even for 4:2:0.
    ///   - height: pixels of every picture; even for 4:2:0.
    package init(path: String, width: Int, height: Int, settings: Settings = Settings()) throws(VideoError) {
        LibAV.prepare
        self.path = path
        self.width = width
        self.height = height
        self.settings = settings
        packet = av_packet_alloc()
        picture = av_frame_alloc()
        let name = settings.codec == .h264 ? "libx264" : "mjpeg"
        guard let encoder = avcodec_find_encoder_by_name(name) else {
            throw VideoError(
                .io, source: path, detail: "this FFmpeg has no encoder \(name); install Debian's libavcodec59")
        }
        try Self.check(avformat_alloc_output_context2(&format, nil, nil, path), path)
        codec = avcodec_alloc_context3(encoder)
        guard let format, let codec, let picture, let stream = avformat_new_stream(format, nil) else {
            throw VideoError(.io, source: path, detail: "no memory")
        }
        configure(codec, format)
        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        av_dict_set(&options, "crf", "\(settings.quality)", 0)
        // x264's macroblock tree reads memory that it never wrote: the film would depend on what lay there before.
        av_dict_set(&options, "mbtree", "0", 0)
        try Self.check(avcodec_open2(codec, encoder, &options), path)
        try Self.check(avcodec_parameters_from_context(stream.pointee.codecpar, codec), path)
        stream.pointee.time_base = codec.pointee.time_base
        stream.pointee.avg_frame_rate = codec.pointee.framerate
        if settings.quarterTurns % 4 != 0, let side = av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, 36) {
            side.withMemoryRebound(to: Int32.self, capacity: 9) {
                av_display_rotation_set($0, Double(settings.quarterTurns) * 90)
            }
        }
        format.pointee.flags |= AVFMT_FLAG_BITEXACT
        try Self.check(avio_open(&format.pointee.pb, "file:" + path, AVIO_FLAG_WRITE), path)
        try Self.check(avformat_write_header(format, nil), path)
        picture.pointee.format = codec.pointee.pix_fmt.rawValue
        picture.pointee.width = Int32(width)
        picture.pointee.height = Int32(height)
        picture.pointee.color_range = codec.pointee.color_range
        picture.pointee.colorspace = codec.pointee.colorspace
        try Self.check(av_frame_get_buffer(picture, 0), path)
    }

    deinit {
        var (codec, packet, picture) = (codec, packet, picture)
        av_frame_free(&picture)
        av_packet_free(&packet)
        avcodec_free_context(&codec)
        if let format {
            avio_closep(&format.pointee.pb)
            avformat_free_context(format)
        }
    }

    /// Appends an RGB picture of the film's size.
    package mutating func append(_ image: Image) throws(VideoError) {
        try append(
            YUVImage(
                rgb: image, coefficients: settings.coefficients, fullRange: settings.fullRange,
                chromaShiftX: settings.chromaShiftX, chromaShiftY: settings.chromaShiftY))
    }

    /// Appends a picture that already has the film's size, subsampling, matrix and range.
    package mutating func append(_ image: YUVImage) throws(VideoError) {
        precondition(
            image.width == width && image.height == height && image.chromaShiftX == settings.chromaShiftX
                && image.chromaShiftY == settings.chromaShiftY && image.coefficients == settings.coefficients
                && image.fullRange == settings.fullRange,
            "a film of \(width)×\(height), \(settings) got \(image.width)×\(image.height) in another coding")
        guard let codec, let picture else { preconditionFailure("encoder without a codec") }
        try Self.check(av_frame_make_writable(picture), path)
        let (data, lines) = (picture.pointee.data, picture.pointee.linesize)
        Self.copy(image.luma, width: image.width, to: data.0, line: lines.0)
        Self.copy(image.cb, width: image.chromaWidth, to: data.1, line: lines.1)
        Self.copy(image.cr, width: image.chromaWidth, to: data.2, line: lines.2)
        picture.pointee.pts = count
        count += 1
        try Self.check(avcodec_send_frame(codec, picture), path)
        try drain()
    }

    /// Writes what is still inside and the file's index. Without it the file is cut off.
    package consuming func finish() throws(VideoError) {
        try Self.check(avcodec_send_frame(codec, nil), path)
        try drain()
        try Self.check(av_write_trailer(format), path)
        try Self.check(format.map { avio_closep(&$0.pointee.pb) } ?? 0, path)
    }

    private func drain() throws(VideoError) {
        guard let codec, let format, let packet else { return }
        while true {
            let status = avcodec_receive_packet(codec, packet)
            if status == CFFmpeg_error(EAGAIN) || status == CFFmpeg_endOfFile { return }
            try Self.check(status, path)
            guard let stream = format.pointee.streams[0] else { return }
            if packet.pointee.duration == 0 { packet.pointee.duration = 1 }
            av_packet_rescale_ts(packet, codec.pointee.time_base, stream.pointee.time_base)
            try Self.check(av_interleaved_write_frame(format, packet), path)
        }
    }

    private func configure(
        _ codec: UnsafeMutablePointer<AVCodecContext>, _ format: UnsafeMutablePointer<AVFormatContext>
    ) {
        codec.pointee.width = Int32(width)
        codec.pointee.height = Int32(height)
        codec.pointee.time_base = AVRational(num: 1, den: Int32(settings.framesPerSecond))
        codec.pointee.framerate = AVRational(num: Int32(settings.framesPerSecond), den: 1)
        codec.pointee.gop_size = Int32(settings.intraInterval)
        codec.pointee.thread_count = 1
        codec.pointee.flags |= AV_CODEC_FLAG_BITEXACT
        if format.pointee.oformat.pointee.flags & AVFMT_GLOBALHEADER != 0 {
            codec.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER
        }
        let isJPEG = settings.codec == .motionJPEG
        codec.pointee.pix_fmt =
            switch (settings.chromaShiftX, settings.chromaShiftY) {
            case (1, 1): isJPEG ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P
            case (1, 0): isJPEG ? AV_PIX_FMT_YUVJ422P : AV_PIX_FMT_YUV422P
            case (0, 0): isJPEG ? AV_PIX_FMT_YUVJ444P : AV_PIX_FMT_YUV444P
            case (let x, let y): preconditionFailure("no format with chroma shifts \(x), \(y)")
            }
        codec.pointee.color_range = settings.fullRange ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG
        switch settings.coefficients {
        case .bt601:
            codec.pointee.colorspace = AVCOL_SPC_SMPTE170M
            codec.pointee.color_primaries = AVCOL_PRI_SMPTE170M
            codec.pointee.color_trc = AVCOL_TRC_SMPTE170M
        case .bt709:
            codec.pointee.colorspace = AVCOL_SPC_BT709
            codec.pointee.color_primaries = AVCOL_PRI_BT709
            codec.pointee.color_trc = AVCOL_TRC_BT709
        case .bt2020:
            codec.pointee.colorspace = AVCOL_SPC_BT2020_NCL
            codec.pointee.color_primaries = AVCOL_PRI_BT2020
            codec.pointee.color_trc = AVCOL_TRC_BT2020_10
        }
        if isJPEG {
            codec.pointee.flags |= AV_CODEC_FLAG_QSCALE
            codec.pointee.global_quality = Int32(settings.quality) * FF_QP2LAMBDA
        }
    }

    private static func copy(_ plane: [UInt8], width: Int, to start: UnsafeMutablePointer<UInt8>?, line: Int32) {
        guard let start else { return }
        plane.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            for row in 0..<source.count / width {
                (start + row * Int(line)).update(from: base + row * width, count: width)
            }
        }
    }

    private static func check(_ status: Int32, _ path: String) throws(VideoError) {
        guard status < 0 else { return }
        let kind: VideoError.Kind =
            switch status {
            case CFFmpeg_error(EACCES), CFFmpeg_error(EPERM), CFFmpeg_error(EROFS): .permissionDenied
            default: .io
            }
        throw VideoError(kind, source: path, detail: LibAV.text(status))
    }
}
