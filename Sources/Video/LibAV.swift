internal import CFFmpeg
internal import Foundation

/// What FFmpeg's status codes and matrices mean.
enum LibAV {
    static func text(_ status: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard av_strerror(status, &buffer, buffer.count) == 0 else { return "error \(status)" }
        return Redaction.text(String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// Clockwise quarter turns of a 3×3 display matrix (36 bytes of 16.16 fixed point).
    static func quarterTurns(_ matrix: UnsafeMutablePointer<UInt8>) -> Int {
        let degrees = matrix.withMemoryRebound(to: Int32.self, capacity: 9) { av_display_rotation_get($0) }
        guard degrees.isFinite else { return 0 }
        // FFmpeg's angle is the anticlockwise rotation that the matrix applies when shown.
        return ((Int((-degrees / 90).rounded()) % 4) + 4) % 4
    }

    /// The `AVERROR_HTTP_…` tags, which are macros of four characters.
    static func tag(_ a: UInt8, _ b: Character, _ c: Character, _ d: Character) -> Int32 {
        -(Int32(a) | Int32(b.asciiValue ?? 0) << 8 | Int32(c.asciiValue ?? 0) << 16 | Int32(d.asciiValue ?? 0) << 24)
    }

    static func kind(ofOpening status: Int32, source: VideoSource, late: Bool, interrupted: Bool) -> VideoError.Kind {
        if interrupted { return .interrupted }
        if late { return .timedOut }
        switch status {
        case tag(0xF8, "4", "0", "1"), tag(0xF8, "4", "0", "3"): return .unauthorized
        case tag(0xF8, "4", "0", "4"): return .notFound
        case CFFmpeg_error(ECONNREFUSED): return .refused
        case CFFmpeg_error(ETIMEDOUT): return .timedOut
        case CFFmpeg_error(EHOSTUNREACH), CFFmpeg_error(ENETUNREACH), CFFmpeg_error(ENETDOWN): return .unreachable
        case CFFmpeg_error(EACCES), CFFmpeg_error(EPERM): return .permissionDenied
        case CFFmpeg_error(EBUSY): return .busy
        case CFFmpeg_error(ENOENT), CFFmpeg_error(ENODEV), CFFmpeg_error(ENXIO): return .noSuchInput
        default:
            if case .network = source { return .unreachable }
            return .notAVideo
        }
    }
}
