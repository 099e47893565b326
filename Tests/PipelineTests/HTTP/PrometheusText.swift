/// A strict reader of the text format, version 0.0.4, written from its specification
/// (prometheus.io/docs/instrumenting/exposition_formats): it refuses what a lenient scraper would let pass.
struct PrometheusText {
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    struct Sample: Hashable {
        var name: String
        var labels: [String: String]
    }

    private(set) var types: [String: String] = [:]
    private(set) var helps: [String: String] = [:]
    private(set) var samples: [Sample: Double] = [:]

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Fault(description: "the last line does not end") }
        var family = ""
        var closed: Set<String> = []
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            func fault(_ why: String) -> Fault { Fault(description: "\(why): \(line)") }
            if line.hasPrefix("# ") {
                let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
                guard words.count == 4, Self.isName(words[2], colons: true) else { throw fault("comment") }
                switch words[1] {
                case "HELP":
                    guard helps[words[2]] == nil, !closed.contains(words[2]) else { throw fault("second HELP") }
                    if !family.isEmpty { closed.insert(family) }
                    family = words[2]
                    helps[family] = try Self.unescaped(words[3], quotes: false)
                case "TYPE":
                    guard words[2] == family, types[family] == nil else { throw fault("TYPE without its HELP") }
                    guard ["counter", "gauge"].contains(words[3]) else { throw fault("type") }
                    types[family] = words[3]
                default: throw fault("comment")
                }
                continue
            }
            let (sample, value) = try Self.sample(line)
            guard sample.name == family, let type = types[family] else { throw fault("sample outside its family") }
            guard samples[sample] == nil else { throw fault("second sample") }
            if type == "counter", !family.hasSuffix("_total") || value < 0 { throw fault("counter") }
            samples[sample] = value
        }
        let used = Set(samples.keys.map(\.name))
        guard used == Set(types.keys), used == Set(helps.keys) else { throw Fault(description: "empty families") }
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples[Sample(name: name, labels: labels)]
    }

    private static func sample(_ line: String) throws -> (Sample, Double) {
        var rest = Substring(line)
        let name = String(rest.prefix { $0 != "{" && $0 != " " })
        rest = rest.dropFirst(name.count)
        guard isName(name, colons: true) else { throw Fault(description: "name: \(line)") }
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let label = String(rest.prefix { $0 != "=" })
                rest = rest.dropFirst(label.count)
                guard isName(label, colons: false), labels[label] == nil, rest.hasPrefix("=\"") else {
                    throw Fault(description: "label: \(line)")
                }
                rest = rest.dropFirst(2)
                var value = ""
                while let character = rest.first, character != "\"" {
                    value.append(character)
                    rest = rest.dropFirst()
                    if character == "\\", let next = rest.first {
                        value.append(next)
                        rest = rest.dropFirst()
                    }
                }
                guard rest.first == "\"" else { throw Fault(description: "open quote: \(line)") }
                rest = rest.dropFirst()
                labels[label] = try unescaped(value, quotes: true)
                if rest.first == "," {
                    rest = rest.dropFirst()
                } else if rest.first != "}" {
                    throw Fault(description: "after a label: \(line)")
                }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " " else { throw Fault(description: "no value: \(line)") }
        let number = String(rest.dropFirst())
        let special = ["NaN": Double.nan, "+Inf": .infinity, "-Inf": -.infinity]
        guard
            let value = special[number] ?? (number.allSatisfy { "0123456789.e+-".contains($0) } ? Double(number) : nil)
        else { throw Fault(description: "value: \(line)") }
        return (Sample(name: name, labels: labels), value)
    }

    private static func isName(_ text: String, colons: Bool) -> Bool {
        guard let first = text.unicodeScalars.first, !("0"..."9").contains(first) else { return false }
        return text.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) || $0 == "_"
                || (colons && $0 == ":")
        }
    }

    private static func unescaped(_ text: String, quotes: Bool) throws -> String {
        var result = ""
        var characters = text.makeIterator()
        while let character = characters.next() {
            guard character == "\\" else {
                result.append(character)
                continue
            }
            switch characters.next() {
            case "\\": result.append("\\")
            case "n": result.append("\n")
            case "\"" where quotes: result.append("\"")
            default: throw Fault(description: "escape in \(text)")
            }
        }
        return result
    }
}
