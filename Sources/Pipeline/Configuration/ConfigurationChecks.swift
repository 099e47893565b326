internal import Foundation
internal import Video

/// What a key takes, and how its values are read from text and shown.
extension ConfigurationKey {
    /// - Parameter text: a scalar of YAML, or the value of an override.
    /// - Parameter plain: it stands without quotes; what is quoted is text and no number.
    /// - Returns: `nil` for what the key does not take.
    package func value(_ text: String, plain: Bool) -> ConfigurationValue? {
        let value: ConfigurationValue?
        switch kind {
        case .flag:
            switch plain ? text.lowercased() : "" {
            case "true", "yes", "on": value = .flag(true)
            case "false", "no", "off": value = .flag(false)
            default: value = nil
            }
        case .whole, .oneOf: value = plain ? Int(text).map { .whole($0) } : nil
        case .number:
            let isDecimal = text.utf8.allSatisfy { "+-.eE0123456789".utf8.contains($0) }
            value = plain && isDecimal ? Double(text).map { .number($0) } : nil
        case .texts:
            let words = text.split(separator: ",").map { String($0.drop { $0 == " " }) }
            value = .texts(words)
        case .text, .choice, .subject, .address, .secret: value = .text(text)
        }
        return value.flatMap { takes($0) ? $0 : nil }
    }

    package func takes(_ value: ConfigurationValue) -> Bool {
        switch (kind, value) {
        case (.flag, .flag): true
        case (.whole(let range), .whole(let number)): range.contains(number)
        case (.oneOf(let numbers), .whole(let number)): numbers.contains(number)
        case (.number(let range), .number(let number)): range.contains(number)
        case (.choice(let words), .text(let word)): words.contains(word)
        // What a secret's name stands for is checked when it is looked up.
        case (.subject, .text(let name)): Secrets.areNamed(in: name) || (try? Publishing.checkSubject(name)) != nil
        case (.address, .text(let text)): !text.isEmpty && !text.contains("\0")
        case (.text, .text(let text)), (.secret, .text(let text)): !text.contains("\0")
        case (.texts, .texts(let texts)): !texts.contains { $0.isEmpty || $0.contains("\0") }
        default: false
        }
    }

    /// What it takes, for "give …".
    package var expected: String {
        switch kind {
        case .flag: "true or false"
        case .whole(let range): "a whole number, \(range.lowerBound) to \(range.upperBound)"
        case .oneOf(let numbers): Self.list(numbers.map(String.init))
        case .number(let range): "a number, \(Self.decimal(range.lowerBound)) to \(Self.decimal(range.upperBound))"
        case .text, .secret: "text, in quotes where it is empty"
        case .texts: "a list, [a, b] or [] for none"
        case .choice(let words): Self.list(words)
        case .subject: "letters, digits, - and _, 64 bytes at most"
        case .address: "a device, an address or a file"
        }
    }

    /// A sentence about a value that the key does not take. What was given is shown on one line, short and without secrets.
    func complaint(about text: String) -> String {
        let isNumber = Double(text) != nil
        return "\(path) is \(isNumber ? text : "'\(Self.shown(text))'"): give \(expected)"
    }

    static func shown(_ text: String) -> String {
        // Cutting it before it is redacted could cut an address before the @ that tells its password.
        if text.utf8.count > 4096 { return "… of \(text.utf8.count) bytes" }
        let harmless = Redaction.text(Redaction.url(text))
        let line = harmless.map { $0.isNewline || $0.asciiValue.map { $0 < 32 } == true ? " " : String($0) }.joined()
        return line.count > 40 ? line.prefix(40) + "…" : line
    }

    private static func list(_ words: [String]) -> String {
        words.count < 2 ? words.joined() : words.dropLast().joined(separator: ", ") + " or " + words.last!
    }

    static func decimal(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? String(Int(number)) : "\(number)"
    }
}

extension Configuration {
    /// The first setting that cannot work, as a sentence; `nil` when all can.
    package var problem: String? { problems.first }

    /// Each begins with the key that it is about. Rules over several keys belong here too.
    package var problems: [String] {
        ConfigurationKeys.ofSections.compactMap { key in
            guard let value = key.read?(self), !key.takes(value) else { return nil }
            let text =
                switch value {
                case .flag(let flag): "\(flag)"
                case .whole(let number): "\(number)"
                case .number(let number): ConfigurationKey.decimal(number)
                case .text(let text): text
                case .texts(let texts): texts.joined(separator: ", ")
                }
            return key.complaint(about: text)
        } + [http.problem].compactMap { $0 }
    }
}
