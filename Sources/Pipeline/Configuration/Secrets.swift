internal import Foundation
internal import Video

/// Secrets by name, so that they stand neither in arguments nor in files: `${NAME}` is a file of systemd's credentials
/// directory, else an environment variable; `${NAME:default}` has something to fall back on.
package enum Secrets {
    /// Looks every name up. What is found is never shown again: `Redaction` remembers it.
    /// - Parameter key: what the text is, for the error's message.
    package static func expand(_ text: String, of key: String = "the source") throws(Failure) -> String {
        var result = ""
        var rest = text[...]
        while let reference = Reference(in: rest) {
            guard let value = value(of: reference.name) ?? reference.standard else {
                throw Failure(
                    .configuration,
                    "\(key) names ${\(reference.name)}, but there is no credential or environment variable "
                        + "\(reference.name)")
            }
            Redaction.remember(value)
            let before = result + rest[..<reference.range.lowerBound]
            rest = rest[reference.range.upperBound...]
            result = before + (isUserInfo(before: before, after: rest) ? escaped(value) : value)
        }
        return result + rest
    }

    /// The text as it may be shown: names stay, what they fall back on does not.
    package static func shown(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let reference = Reference(in: rest) {
            let fallback = reference.standard == nil ? "" : ":…"
            result += rest[..<reference.range.lowerBound] + "${\(reference.name)\(fallback)}"
            rest = rest[reference.range.upperBound...]
        }
        return result + rest
    }

    package static func areNamed(in text: String) -> Bool { Reference(in: text[...]) != nil }

    /// `${NAME}` or `${NAME:default}`.
    private struct Reference {
        let range: Range<Substring.Index>
        let name: String
        let standard: String?

        init?(in text: Substring) {
            guard let open = text.range(of: "${"), let close = text[open.upperBound...].firstIndex(of: "}") else {
                return nil
            }
            range = open.lowerBound..<text.index(after: close)
            let inside = text[open.upperBound..<close]
            let colon = inside.firstIndex(of: ":")
            name = String(inside[..<(colon ?? inside.endIndex)])
            standard = colon.map { String(inside[inside.index(after: $0)...]) }
        }
    }

    private static func isUserInfo(before: String, after: Substring) -> Bool {
        before.contains("://") && after.contains("@")
    }

    /// What would end a URL's user name or password is written as %XX; what is already written so stays.
    private static func escaped(_ secret: String) -> String {
        secret.utf8.map { byte in
            byte > 32 && byte < 127 && !"/?#@[]\\".utf8.contains(byte)
                ? String(UnicodeScalar(byte)) : String(format: "%%%02X", byte)
        }.joined()
    }

    private static func value(of name: String) -> String? {
        let environment = ProcessInfo.processInfo.environment
        if let directory = environment["CREDENTIALS_DIRECTORY"], !name.isEmpty, !name.contains("/"),
            let secret = try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)
        {
            return secret.trimmingCharacters(in: .newlines)
        }
        return environment[name]
    }
}
