internal import Foundation

/// Where pictures come from, as a user writes it.
package enum VideoSource: Sendable, Equatable {
    case file(path: String)
    case device(path: String)
    case network(url: String)
    case standardInput

    /// `-` is standard input, `/dev/…` a device, `scheme://…` a network source; anything else is a file.
    package init(parsing text: String) {
        if text == "-" {
            self = .standardInput
        } else if text.hasPrefix("/dev/video") || text.hasPrefix("/dev/v4l/") {
            self = .device(path: text)
        } else if text.hasPrefix("file://") {
            self = .file(path: String(text.dropFirst(7)))
        } else if let scheme = text.range(of: "://"), text[..<scheme.lowerBound].allSatisfy({ $0.isLetter }) {
            self = .network(url: text)
        } else {
            self = .file(path: text)
        }
    }

    /// Frames come whether they are wanted or not.
    package var isLive: Bool {
        switch self {
        case .device, .network: true
        case .file, .standardInput: false
        }
    }

    /// For people and logs: without user name and password.
    package var description: String {
        switch self {
        case .file(let path), .device(let path): path
        case .standardInput: "standard input"
        case .network(let url): Redaction.url(url)
        }
    }
}

/// Takes secrets out of text before it is shown.
package enum Redaction {
    /// The URL without what stands between `://` and the last `@` of its authority, and without its query.
    package static func url(_ text: String) -> String {
        guard let scheme = text.range(of: "://") else { return text }
        let rest = text[scheme.upperBound...]
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        // A password may itself hold a slash or an @ that nobody encoded: cut at the last @ before any query.
        let pathEnd = rest.firstIndex { $0 == "?" || $0 == "#" } ?? rest.endIndex
        let at = rest[..<pathEnd].lastIndex(of: "@") ?? rest[..<authorityEnd].lastIndex(of: "@")
        let visible = at.map { rest[rest.index(after: $0)...] } ?? rest[...]
        let query = visible.firstIndex { $0 == "?" || $0 == "#" } ?? visible.endIndex
        return String(text[..<scheme.upperBound] + visible[..<query])
    }

    /// Any text in which something like `scheme://user:password@` may occur, for instance FFmpeg's own messages.
    package static func text(_ text: String) -> String {
        text.split(separator: " ", omittingEmptySubsequences: false).map { word in
            word.contains("://") ? url(String(word)) : String(word)
        }.joined(separator: " ")
    }
}
