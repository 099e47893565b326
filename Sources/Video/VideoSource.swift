internal import Foundation

/// Where pictures come from, as a user writes it. However it is printed, it shows neither user name nor password.
package enum VideoSource: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    case file(path: String)
    case device(path: String)
    case network(url: String)
    case standardInput

    /// `-` is standard input, `/dev/video…` a device, `scheme://…` a network source; anything else is a file.
    package init(parsing text: String) {
        if text == "-" || text == "/dev/stdin" {
            self = .standardInput
        } else if text.hasPrefix("/dev/video") || text.hasPrefix("/dev/v4l/") {
            self = .device(path: text)
        } else if text.hasPrefix("file://") {
            self = .file(path: String(text.dropFirst(7)))
        } else if let scheme = text.range(of: "://"), scheme.lowerBound > text.startIndex,
            text[..<scheme.lowerBound].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "+") })
        {
            // FFmpeg knows protocols by their lower-case names only.
            self = .network(url: text[..<scheme.lowerBound].lowercased() + text[scheme.lowerBound...])
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

    package var description: String {
        switch self {
        case .device(let path): path
        case .file(let path): Redaction.path(path)
        case .standardInput: "standard input"
        case .network(let url): Redaction.url(url)
        }
    }

    package var debugDescription: String { description }

    package var customMirror: Mirror { Mirror(self, children: ["source": description]) }
}
