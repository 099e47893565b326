/// A value as a configuration can hold it.
package enum ConfigurationValue: Sendable, Equatable {
    case flag(Bool)
    case whole(Int)
    case number(Double)
    case text(String)
    case texts([String])
}

/// One key: what it is called, what it takes, what it is when nobody says, and what it means. Reading, checking, environment
/// names, the comments of `--print-config` and the JSON Schema all come from here.
package struct ConfigurationKey: Sendable {
    package enum Kind: Sendable, Equatable {
        case flag
        case whole(ClosedRange<Int>)
        case oneOf([Int])
        case number(ClosedRange<Double>)
        case text
        /// A list of texts; on one line, separated by commas.
        case texts
        case choice([String])
        /// The first part of a file's name.
        case subject
        /// A source: shown without user name, password and query.
        case address
        /// Never shown, unless it is only the name of a secret: `${NAME}`.
        case secret
    }

    /// Where a key may stand.
    package enum Place: Sendable, Equatable {
        /// At the top, for all sources, or in a source.
        case anywhere
        /// In a source only.
        case source
        /// At the top only: it is of the process.
        case top
    }

    /// `texture.size`; without a section, `output`.
    package let path: String
    package let kind: Kind
    package let place: Place
    package let sentence: String
    /// `nil` where there is none, and it must be said or may be left out.
    package let standard: ConfigurationValue?
    /// `nil` for what is not in `Configuration`.
    let read: (@Sendable (Configuration) -> ConfigurationValue)?
    let write: (@Sendable (inout Configuration, ConfigurationValue) -> Void)?

    package var section: String? { path.contains(".") ? String(path[..<path.firstIndex(of: ".")!]) : nil }
    package var name: String { section.map { String(path.dropFirst($0.count + 1)) } ?? path }
    /// May stand in a preset.
    var isOfPresets: Bool { write != nil }

    init(
        _ path: String, _ kind: Kind, _ place: Place, _ standard: ConfigurationValue?, _ sentence: String,
        read: (@Sendable (Configuration) -> ConfigurationValue)? = nil,
        write: (@Sendable (inout Configuration, ConfigurationValue) -> Void)? = nil
    ) {
        self.path = path
        self.kind = kind
        self.place = place
        self.standard = standard
        self.sentence = sentence
        self.read = read
        self.write = write
    }
}

/// The table's rows: a key of `Configuration`, bound to the property that it sets. Its default is the property's.
extension ConfigurationKey {
    typealias Property<Value> = any WritableKeyPath<Configuration, Value> & Sendable

    static func flag(_ path: String, _ property: Property<Bool>, _ sentence: String, place: Place = .anywhere) -> Self {
        Self(path, .flag, place, .flag(Configuration()[keyPath: property]), sentence) {
            .flag($0[keyPath: property])
        } write: {
            if case .flag(let value) = $1 { $0[keyPath: property] = value }
        }
    }

    static func whole(
        _ path: String, _ property: Property<Int>, _ range: ClosedRange<Int>, _ sentence: String,
        place: Place = .anywhere
    ) -> Self {
        whole(path, property, .whole(range), sentence, place)
    }

    static func whole(
        _ path: String, _ property: Property<Int>, oneOf values: [Int], _ sentence: String, place: Place = .anywhere
    ) -> Self {
        whole(path, property, .oneOf(values), sentence, place)
    }

    private static func whole(
        _ path: String, _ property: Property<Int>, _ kind: Kind, _ sentence: String, _ place: Place
    ) -> Self {
        Self(path, kind, place, .whole(Configuration()[keyPath: property]), sentence) {
            .whole($0[keyPath: property])
        } write: {
            if case .whole(let value) = $1 { $0[keyPath: property] = value }
        }
    }

    static func number(
        _ path: String, _ property: Property<Double>, _ range: ClosedRange<Double>, _ sentence: String,
        place: Place = .anywhere
    ) -> Self {
        Self(path, .number(range), place, .number(Configuration()[keyPath: property]), sentence) {
            .number($0[keyPath: property])
        } write: {
            if case .number(let value) = $1 { $0[keyPath: property] = value }
        }
    }

    static func text(
        _ path: String, _ property: Property<String>, _ sentence: String, kind: Kind = .text,
        place: Place = .anywhere
    ) -> Self {
        Self(path, kind, place, .text(Configuration()[keyPath: property]), sentence) {
            .text($0[keyPath: property])
        } write: {
            if case .text(let value) = $1 { $0[keyPath: property] = value }
        }
    }

    static func texts(
        _ path: String, _ property: Property<[String]>, _ sentence: String, place: Place = .anywhere
    ) -> Self {
        Self(path, .texts, place, .texts(Configuration()[keyPath: property]), sentence) {
            .texts($0[keyPath: property])
        } write: {
            if case .texts(let value) = $1 { $0[keyPath: property] = value }
        }
    }

    static func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ path: String, _ property: Property<Choice>, _ sentence: String, place: Place = .anywhere
    ) -> Self where Choice.RawValue == String {
        let words = Choice.allCases.map(\.rawValue)
        return Self(path, .choice(words), place, .text(Configuration()[keyPath: property].rawValue), sentence) {
            .text($0[keyPath: property].rawValue)
        } write: {
            if case .text(let value) = $1, let choice = Choice(rawValue: value) { $0[keyPath: property] = choice }
        }
    }
}
