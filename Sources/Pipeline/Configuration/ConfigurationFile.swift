internal import Foundation
internal import Yams

/// What a file says, before presets, environment and command line are looked at: keys for all sources at the top, and those
/// of each source. A preset is such a file without sources.
///
/// Reading it is a pure function of its text, and says everything that is wrong at once.
package struct ConfigurationFile: Sendable, Equatable {
    package struct Source: Sendable, Equatable {
        package var layer: ConfigurationLayer = [:]
        package var origin: ConfigurationOrigin
    }

    package let name: String
    package private(set) var top: ConfigurationLayer = [:]
    package private(set) var sources: [Source] = []
    package private(set) var faults: [ConfigurationFault] = []

    /// - Parameter name: what the file is called in messages.
    package init(text: String, name: String) {
        self.name = name
        do {
            try Self.checkSize(text)
            guard let root = try Yams.compose(yaml: text) else { return }
            guard let mapping = root.mapping else {
                if !root.isNothing {
                    note(root, "the file must hold keys, as in 'texture:' and below it '  size: 512'")
                }
                return
            }
            top = readTop(mapping)
        } catch let error as YamlError {
            let (line, what) = Self.place(of: error)
            faults.append(
                ConfigurationFault(origin: ConfigurationOrigin(name, line: line), text: "is not YAML: \(what)"))
        } catch {
            faults.append(ConfigurationFault(origin: ConfigurationOrigin(name), text: "\(error)"))
        }
    }

    /// Reads a file from the disk.
    package init(path: String) throws(ConfigurationError) {
        let bytes: [UInt8]
        do { bytes = try AtomicFile.read(path) } catch { throw ConfigurationError(error.description) }
        self.init(text: String(decoding: bytes, as: UTF8.self), name: path)
    }

    private mutating func readTop(_ mapping: Node.Mapping) -> ConfigurationLayer {
        var layer: ConfigurationLayer = [:]
        for (key, value) in mapping where key.string != "sources" { read(key, value, in: .top, into: &layer) }
        guard let entry = mapping.first(where: { $0.key.string == "sources" }) else { return layer }
        guard let list = entry.value.sequence, !list.isEmpty else {
            note(entry.key, "sources must be a list, a source after each '- '")
            return layer
        }
        guard list.count <= Self.mostSources else {
            note(
                entry.key, "there are \(list.count) sources: give at most \(Self.mostSources), or run several likenessd"
            )
            return layer
        }
        for node in list {
            var source = Source(origin: origin(node))
            if let mapping = node.mapping {
                for (key, value) in mapping { read(key, value, in: .source, into: &source.layer) }
            } else {
                note(node, "a source must hold keys: 'source:', 'subject:' …")
            }
            sources.append(source)
        }
        return layer
    }

    /// One key and what stands behind it: a section with keys of its own, or a value.
    private mutating func read(
        _ key: Node, _ value: Node, in place: ConfigurationKey.Place, into layer: inout ConfigurationLayer
    ) {
        let name = key.scalar?.string ?? ""
        guard ConfigurationKeys.isSection(name) else {
            return readValue(key, value, path: name, in: place, into: &layer)
        }
        // A section without keys, or with all of them commented out.
        if value.isNothing { return }
        guard let mapping = value.mapping else { return note(value, "\(name) must hold keys") }
        for (inner, value) in mapping {
            readValue(inner, value, path: "\(name).\(inner.scalar?.string ?? "")", in: place, into: &layer)
        }
    }

    private mutating func readValue(
        _ keyNode: Node, _ value: Node, path: String, in place: ConfigurationKey.Place,
        into layer: inout ConfigurationLayer
    ) {
        guard let key = ConfigurationKeys.named(path) else {
            guard isWorthReading else { return }
            let nearest = ConfigurationKeys.nearest(to: path)
            let shown = ConfigurationKey.shown(path)
            return note(keyNode, "unknown key '\(shown)'; did you mean '\(nearest)'?")
        }
        if key.place == .source, place == .top {
            return note(keyNode, "\(path) belongs to a source: put it below 'sources:'")
        }
        if key.place == .top, place == .source {
            return note(keyNode, "\(path) is of the whole program: put it at the top of the file")
        }
        if key.kind == .texts, let list = value.sequence {
            let given = ConfigurationValue.texts(list.map { $0.scalar?.string ?? "" })
            guard key.takes(given) else {
                return note(value, "\(path) holds something else than text: give \(key.expected)")
            }
            layer[path] = LocatedValue(given, origin(value))
            return
        }
        guard key.kind != .texts, let scalar = value.scalar else {
            let what = value.scalar != nil ? "no list" : value.sequence == nil ? "keys" : "a list"
            return note(value, "\(path) is \(what): give \(key.expected)")
        }
        if value.isNothing { return note(keyNode, "\(path) has no value: give \(key.expected)") }
        guard let given = key.value(scalar.string, plain: scalar.style == .plain || scalar.style == .any) else {
            let isQuoted = scalar.style != .plain && key.value(scalar.string, plain: true) != nil
            return note(value, key.complaint(about: scalar.string) + (isQuoted ? ", without quotes" : ""))
        }
        layer[path] = LocatedValue(given, origin(value))
    }

    private func origin(_ node: Node) -> ConfigurationOrigin { ConfigurationOrigin(name, line: node.mark?.line) }

    private mutating func note(_ node: Node, _ text: String) {
        guard isWorthReading else { return }
        faults.append(ConfigurationFault(origin: origin(node), text: text))
    }

    /// Nobody reads more faults than these, and each takes a search for what was meant.
    private var isWorthReading: Bool { faults.count < 500 }

    /// Each is compared with each.
    private static let mostSources = 100

    /// Aliases of aliases grow exponentially when a YAML library compares them, so their number is bounded, and the size of what
    /// they could repeat.
    private static func checkSize(_ text: String) throws(ConfigurationError) {
        guard text.utf8.count <= 1 << 20 else {
            throw ConfigurationError("the file is larger than 1 MB: this is no configuration")
        }
        func isOfName(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (65...90).contains(byte & 0xDF) || byte == 45 || byte == 95
        }
        let bytes = Array(text.utf8)
        let aliases = bytes.indices.dropLast().count { i in
            bytes[i] == UInt8(ascii: "*") && isOfName(bytes[i + 1]) && (i == 0 || !isOfName(bytes[i - 1]))
        }
        guard aliases <= 20 else { throw ConfigurationError("more than 20 asterisks: use fewer aliases (*name)") }
        guard aliases <= 10 || bytes.count <= 1 << 10, aliases == 0 || bytes.count <= 1 << 16 else {
            throw ConfigurationError(
                "\(aliases) asterisks in \(bytes.count) bytes: with aliases (*name) a file has at most 64 kB, with more "
                    + "than ten of them 1 kB")
        }
    }

    /// The parser's own snippet of the text is left out: a password may stand there.
    private static func place(of error: YamlError) -> (line: Int?, what: String) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            (mark.line, problem)
        case .duplicatedKeysInMapping(let names, let context):
            (
                context.mark.line,
                "\(names.map { "'\(ConfigurationKey.shown($0))'" }.joined(separator: ", ")) stands twice"
            )
        case .reader(let problem, _, _, _): (nil, problem)
        default: (nil, "it cannot be parsed")
        }
    }
}

extension Node {
    /// `~`, `null` or nothing at all.
    fileprivate var isNothing: Bool {
        guard let scalar, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }
}

extension Configuration {
    /// Reads a preset's text over the defaults.
    package init(yaml: String, file: String) throws(ConfigurationError) {
        self.init()
        apply(try Self.layer(ofPreset: ConfigurationFile(text: yaml, name: file)))
    }

    /// A preset's name (a file of `Presets/`) or the path of a file.
    package init(preset: String, directories: [String]) throws(ConfigurationError) {
        self.init()
        apply(try Self.layer(ofPreset: Self.presetFile(preset, directories: directories)))
    }

    /// - Parameter folder: where relative paths of files begin.
    package static func layer(
        ofPreset preset: String, directories: [String], folder: String? = nil
    ) throws(ConfigurationError) -> ConfigurationLayer {
        try layer(ofPreset: presetFile(preset, directories: directories, folder: folder))
    }

    private static func layer(ofPreset file: ConfigurationFile) throws(ConfigurationError) -> ConfigurationLayer {
        var faults = file.faults
        for source in file.sources {
            faults.append(
                ConfigurationFault(origin: source.origin, text: "a preset has no sources: give it as --config"))
        }
        for (path, located) in file.top.sorted(by: { $0.key < $1.key })
        where ConfigurationKeys.named(path)?.isOfPresets != true {
            faults.append(ConfigurationFault(origin: located.origin, text: "\(path) does not belong into a preset"))
        }
        if !faults.isEmpty { throw ConfigurationError(faults) }
        return file.top
    }

    /// The file of a preset given by name or path, where there is one.
    static func presetPath(_ preset: String, directories: [String], folder: String?) -> String? {
        var candidates = directories.map { "\($0)/\(preset).yaml" }
        if preset.contains("/") || preset.hasSuffix(".yaml") {
            candidates = [preset.hasPrefix("/") ? preset : folder.map { "\($0)/\(preset)" } ?? preset]
        }
        return candidates.first { FileManager.default.fileExists(atPath: $0) }
    }

    private static func presetFile(
        _ preset: String, directories: [String], folder: String? = nil
    ) throws(ConfigurationError) -> ConfigurationFile {
        if let path = presetPath(preset, directories: directories, folder: folder) {
            return try ConfigurationFile(path: path)
        }
        let known = directories.flatMap { (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? [] }
            .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
        let names = Set(known).sorted().joined(separator: ", ")
        throw ConfigurationError(
            "there is no preset '\(preset)': give one of \(names.isEmpty ? "(none found)" : names), or the path of a file"
        )
    }
}
