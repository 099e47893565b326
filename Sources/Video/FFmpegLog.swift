internal import CFFmpeg
internal import Foundation
internal import Synchronization

/// What FFmpeg has to say, line by line and without secrets. Nobody asked, nothing is kept: FFmpeg itself writes nowhere.
package enum FFmpegLog {
    /// FFmpeg's own levels that are of use.
    package enum Level: Int32, Sendable, Comparable {
        case fatal = 8
        case error = 16
        case warning = 24
        case info = 32
        case debug = 48

        package static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
    }

    package typealias Sink = @Sendable (Level, String) -> Void

    private struct State {
        var sink: Sink?
        var level = Level.warning
        /// Lines come in pieces, and a secret may be cut by a piece's end: only whole lines are redacted and handed on.
        var pieces: [UInt: [UInt8]] = [:]
    }

    private static let state = Mutex(State())
    private static let longestLine = 8192

    /// - Parameters:
    ///   - level: the least serious one that is wanted.
    ///   - sink: called on FFmpeg's threads; `nil` for nobody.
    package static func send(from level: Level = .warning, to sink: Sink?) {
        LibAV.prepare
        state.withLock {
            $0.sink = sink
            $0.level = level
            $0.pieces = [:]
        }
    }

    /// Makes FFmpeg call us instead of writing to standard error.
    static func install() {
        av_log_set_callback { context, level, format, arguments in
            guard let format, FFmpegLog.wants(level), let arguments else { return }
            var buffer = [CChar](repeating: 0, count: FFmpegLog.longestLine)
            let length = vsnprintf(&buffer, buffer.count, format, arguments)
            guard length > 0 else { return }
            let bytes = buffer.prefix(min(Int(length), buffer.count - 1)).map { UInt8(bitPattern: $0) }
            FFmpegLog.take(bytes, level, from: context.flatMap(FFmpegLog.name))
        }
    }

    private static func wants(_ level: Int32) -> Bool {
        // Most of what it says is below any level that somebody wants.
        guard level >= 0, level & 0xFF <= Level.debug.rawValue else { return false }
        return state.withLock { $0.sink != nil && level & 0xFF <= $0.level.rawValue }
    }

    /// Of the component that speaks: `rtsp`, `h264`.
    private static func name(_ context: UnsafeMutableRawPointer) -> String? {
        guard let described = context.load(as: UnsafePointer<AVClass>?.self),
            let name = described.pointee.item_name?(context)
        else { return nil }
        return String(cString: name)
    }

    private static func take(_ bytes: [UInt8], _ number: Int32, from name: String?) {
        let thread = UInt(pthread_self())
        let finished = state.withLock { state -> (Sink, [[UInt8]])? in
            guard let sink = state.sink else { return nil }
            var pending = state.pieces[thread] ?? []
            if pending.isEmpty, let name { pending += Array("\(name): ".utf8) }
            pending += bytes
            var lines = pending.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
            let rest = lines.removeLast()
            // An endless line is given up rather than cut, where a secret could stand on both sides of the cut.
            state.pieces[thread] = rest.isEmpty || rest.count > longestLine ? nil : rest
            return (sink, lines)
        }
        guard let (sink, lines) = finished else { return }
        let level = [Level.fatal, .error, .warning, .info].first { number & 0xFF <= $0.rawValue } ?? .debug
        for line in lines {
            let text = String(decoding: line.map { $0 < 32 || $0 == 127 ? 32 : $0 }, as: UTF8.self)
            let shown = Redaction.text(text).trimmingCharacters(in: .whitespaces)
            if !shown.isEmpty { sink(level, shown) }
        }
    }
}
