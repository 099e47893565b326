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

    /// What stands behind `password=` and the like, up to the next `/`, `&` or `;`, is taken out.
    static func withoutAssignments(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.contains(UInt8(ascii: "=")) else { return text }
        let names = ["password=", "passwd=", "pass=", "pwd=", "user=", "username="].map { Array($0.utf8) }
        var result: [UInt8] = []
        var at = 0
        while at < bytes.count {
            let found = names.first { name in
                at + name.count <= bytes.count
                    && name.indices.allSatisfy { i in
                        let byte = bytes[at + i]
                        return name[i] == ((65...90).contains(byte) ? byte | 0x20 : byte)
                    }
            }
            guard let found else {
                result.append(bytes[at])
                at += 1
                continue
            }
            result += bytes[at..<at + found.count]
            result += "…".utf8
            at += found.count
            while at < bytes.count, !"/&;".utf8.contains(bytes[at]) { at += 1 }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
