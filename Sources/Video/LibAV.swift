internal import CFFmpeg
internal import Foundation

/// What FFmpeg's status codes mean, and its start.
enum LibAV {
    /// Registers devices and keeps FFmpeg from writing to standard error by itself: its messages can hold passwords, and go
    /// through `FFmpegLog`.
    static let prepare: Void = {
        avdevice_register_all()
        avformat_network_init()
        av_log_set_level(AV_LOG_QUIET)
        FFmpegLog.install()
    }()

    /// FFmpeg's sentence for a status: from a fixed table, so it never holds a URL.
    static func text(_ status: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard av_strerror(status, &buffer, buffer.count) == 0 else { return "error \(status)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func kind(ofOpening status: Int32, source: VideoSource, watchdog: Watchdog) -> VideoError.Kind {
        if watchdog.isInterrupted { return .interrupted }
        if watchdog.isLate { return .timedOut }
        // Whoever hangs up or speaks another protocol is no camera.
        if status == CFFmpeg_invalidData, case .network(let url) = source, url.hasPrefix("rtsp") { return .refused }
        switch status {
        case CFFmpeg_httpUnauthorized, CFFmpeg_httpForbidden: return .unauthorized
        case CFFmpeg_httpNotFound: return .notFound
        case CFFmpeg_protocolNotFound:
            if case .network = source { return .unknownScheme }
            return .notAVideo
        case CFFmpeg_invalidData: return .notAVideo
        case CFFmpeg_error(ETIMEDOUT): return .timedOut
        case CFFmpeg_error(EACCES), CFFmpeg_error(EPERM): return .permissionDenied
        case CFFmpeg_error(EBUSY): return .busy
        case CFFmpeg_error(ENOENT), CFFmpeg_error(ENODEV), CFFmpeg_error(ENXIO): return .noSuchInput
        default: break
        }
        switch source {
        case .network:
            let hungUp = [ECONNREFUSED, ECONNRESET, EPIPE].map { CFFmpeg_error($0) } + [CFFmpeg_endOfFile]
            return hungUp.contains(status) ? .refused : .unreachable
        case .device: return status == CFFmpeg_error(EINVAL) || status == CFFmpeg_error(ENOTTY) ? .notAVideo : .io
        case .file, .standardInput: return .notAVideo
        }
    }
}
