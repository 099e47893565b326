internal import Foundation

/// Takes secrets out of text before it is shown.
package enum Redaction {
    /// The URL without what stands between `://` and the last `@` before its query, and without its query and
    /// fragment; a path such as `/user=admin_password=secret_channel=1` keeps no values.
    ///
    /// - Parameter mark: stands for user name and password where they were.
    package static func url(_ text: String, mark: String = "") -> String {
        guard let scheme = text.range(of: "://") else { return path(text) }
        let rest = text[scheme.upperBound...]
        // A password may itself hold a slash, a question mark or an @ that nobody encoded: cut at the last @ of all.
        let visible = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
        let query = visible.firstIndex { $0 == "?" || $0 == "#" } ?? visible.endIndex
        let hidden = visible.startIndex > rest.startIndex ? mark : ""
        return text[..<scheme.upperBound] + hidden + withoutAssignments(String(visible[..<query]))
    }

    /// A file's path as it is; but what was meant as a URL and mistyped (`rtsp:/user:secret@host`) is taken as one.
    package static func path(_ text: String) -> String {
        let isPath = (text.hasPrefix("/") && !text.hasPrefix("//")) || text.hasPrefix("./") || text.hasPrefix("../")
        guard !isPath, let at = text.lastIndex(of: "@"), text[..<at].contains(":") else { return text }
        return "…" + withoutAssignments(String(text[at...]))
    }

    static func withoutAssignments(_ text: String) -> String {
        var result = text
        for name in ["password=", "passwd=", "pass=", "pwd=", "user=", "username="] {
            var from = result.startIndex
            while let found = result.range(of: name, options: .caseInsensitive, range: from..<result.endIndex) {
                let end = result[found.upperBound...].firstIndex { "/&;".contains($0) } ?? result.endIndex
                let offset = result.distance(from: result.startIndex, to: found.upperBound)
                result.replaceSubrange(found.upperBound..<end, with: "…")
                from = result.index(result.startIndex, offsetBy: offset)
            }
        }
        return result
    }
}
