internal import Foundation
internal import Video

extension DaemonConfiguration {
    /// The effective configuration as a file that gives the same again: every key, what it means, what it may be, its default
    /// and who said it. Names of secrets stay names; addresses are without user name and password.
    package func yaml() -> String {
        var lines = [
            "# The effective configuration of \(Version.text). Secrets are not shown: where … stands, write them anew."
        ]
        if let first = sources.first { lines += Self.sections(of: first, at: .top, indent: "") }
        lines.append("sources:")
        for source in sources {
            var entry: [String] = []
            // A preset's keys are all below.
            for key in ConfigurationKeys.ofSources where key.place != .top && key.path != "preset" {
                if let value = Self.value(of: key, in: source) {
                    entry.append(Self.line(key, value, of: source, indent: "    "))
                }
            }
            entry[0] = "  - " + entry[0].dropFirst(4)
            for place in [ConfigurationKey.Place.anywhere, .source] {
                entry += Self.sections(of: source, at: place, indent: "    ")
            }
            lines += entry
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func sections(
        of source: SourceConfiguration, at place: ConfigurationKey.Place, indent: String
    ) -> [String] {
        ConfigurationKeys.sections.flatMap { section -> [String] in
            let keys = ConfigurationKeys.ofSections.filter { $0.section == section.name && $0.place == place }
            if keys.isEmpty { return [] }
            return ["\(indent)\(section.name):  # \(section.sentence)"]
                + keys.compactMap { key in
                    key.read.map { line(key, $0(source.configuration), of: source, indent: indent + "  ") }
                }
        }
    }

    private static func line(
        _ key: ConfigurationKey, _ value: ConfigurationValue, of source: SourceConfiguration, indent: String
    ) -> String {
        var notes = ["\(key.sentence) \(range(of: key))Default: \(standard(of: key))."]
        if let said = source.said[key.path] { notes.append("From \(said.origin)") }
        return "\(indent)\(key.name): \(yaml(value, of: key))  # \(notes.joined(separator: " "))"
    }

    private static func value(of key: ConfigurationKey, in source: SourceConfiguration) -> ConfigurationValue? {
        switch key.path {
        case "subject": .text(source.subject)
        case "source": .text(source.source)
        case "output": .text(source.output)
        case "motion": source.motion.map { .text($0) }
        case "untilEnd": .flag(source.untilEnd)
        case "realTime": .flag(source.realTime)
        case "wait": .flag(source.waits)
        case "enrolled": .flag(source.isEnrolled)
        // What the rest of the program adds here reads itself.
        default: source.said[key.path]?.value ?? key.standard
        }
    }

    static func yaml(_ value: ConfigurationValue, of key: ConfigurationKey) -> String {
        switch value {
        case .flag(let flag): "\(flag)"
        case .whole(let number): "\(number)"
        case .number(let number): ConfigurationKey.decimal(number)
        case .text(let text): quoted(shown(text, of: key))
        case .texts(let texts): "[\(texts.map { quoted(shown($0, of: key)) }.joined(separator: ", "))]"
        }
    }

    private static func shown(_ text: String, of key: ConfigurationKey) -> String {
        let shown = Secrets.shown(text)
        switch key.kind {
        case .address: return isHarmless(shown) ? shown : Redaction.url(shown, mark: "…@")
        case .secret: return withoutNames(shown)?.isEmpty == true ? shown : "…"
        default: return Redaction.text(shown)
        }
    }

    /// `rtsp://${USER}:${PASSWORD}@camera/stream` gives nothing away.
    private static func isHarmless(_ address: String) -> Bool {
        guard let scheme = address.range(of: "://"), let at = address.lastIndex(of: "@"), at > scheme.upperBound else {
            return Redaction.url(address) == address
        }
        let host = address[..<scheme.upperBound] + address[address.index(after: at)...]
        let rest = withoutNames(String(address[scheme.upperBound..<at]))
        return rest?.allSatisfy { $0 == ":" } == true && Redaction.url(String(host)) == host
    }

    /// What is left when the names of secrets are taken out; `nil` where one has something to fall back on.
    private static func withoutNames(_ text: String) -> String? {
        var rest = text
        while let open = rest.range(of: "${"), let close = rest[open.upperBound...].firstIndex(of: "}") {
            if rest[open.upperBound..<close].contains("…") { return nil }
            rest.removeSubrange(open.lowerBound...close)
        }
        return rest
    }

    /// In double quotes where a plain scalar would be read as something else.
    static func quoted(_ text: String) -> String {
        let isPlain =
            text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte & 0xDF) || "-_./".utf8.contains(byte)
            } && text.first.map { $0.isLetter || $0 == "/" || $0 == "." } == true
            && Double(text) == nil
            && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(text.lowercased())
            && !text.hasPrefix("..") && text != "."
        if isPlain { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\" + String(scalar)
            case _ where scalar.value < 32 || (127..<160).contains(scalar.value):
                result += String(format: "\\x%02X", scalar.value)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return "\"\(result)\""
    }

    private static func range(of key: ConfigurationKey) -> String {
        switch key.kind {
        case .whole, .number, .oneOf, .choice: "Give \(key.expected). "
        default: ""
        }
    }

    static func standard(of key: ConfigurationKey) -> String { key.standard.map { yaml($0, of: key) } ?? "none" }
}
