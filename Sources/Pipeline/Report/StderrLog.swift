internal import Foundation
package import Logging
internal import Video

/// Log lines on standard error: with a time of day on a terminal or in a file, with the journal's level prefix under
/// systemd (which sets `JOURNAL_STREAM` and keeps its own time).
package struct StderrLog: LogHandler {
    package var logLevel: Logger.Level = .info
    package var metadata: Logger.Metadata = [:]
    private let journal = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] != nil

    package init() {}

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let pairs = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let head = journal ? "<\(Self.priority(event.level))>" : "\(Self.clock()) \(event.level) "
        // One write a line, so that lines of several threads do not mix.
        let line = "\(head)\(Redaction.text("\(event.message)\(pairs)"))"
        FileHandle.standardError.write(Data("\(Terminal.eraseStatus)\(line)\n".utf8))
    }

    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    private static func clock() -> String {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        return String(format: "%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec)
    }
}

/// The live status line: one line rewritten in place, on a terminal only.
package enum Terminal {
    package static let isInteractive = isatty(2) == 1
    /// Clears the line that the status stands on, before something else is written.
    package static let eraseStatus = isInteractive ? "\r\u{1b}[K" : ""

    package static func showStatus(_ text: String) {
        guard isInteractive else { return }
        var size = winsize()
        let width = ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) - 1 : 119
        FileHandle.standardError.write(Data("\(eraseStatus)\(text.prefix(width))".utf8))
    }

    package static func clearStatus() {
        guard isInteractive else { return }
        FileHandle.standardError.write(Data(eraseStatus.utf8))
    }
}
