/// What environment or command line say over the file: for all sources, or for one of them by number or subject.
package struct Overrides: Sendable, Equatable {
    package var general: ConfigurationLayer = [:]
    /// By the source's place in the list.
    package var specific: [Int: ConfigurationLayer] = [:]
    package var faults: [ConfigurationFault] = []
    /// Sentences about what is no fault, but probably a mistake.
    package var warnings: [String] = []

    package init() {}

    /// `--set PATH=VALUE` in their order: `texture.size=512`, `sources.0.video.width=640`, `sources.anna.preset=rtsp`.
    /// - Parameter subjects: of the file's sources, in their order.
    package init(assignments: [String], subjects: [String], origin: String = "--set") {
        let origin = ConfigurationOrigin(origin)
        for assignment in assignments {
            guard let equals = assignment.firstIndex(of: "=") else {
                note(origin, "'\(ConfigurationKey.shown(assignment))' has no value: write it as texture.size=512")
                continue
            }
            set(
                String(assignment[..<equals]), to: String(assignment[assignment.index(after: equals)...]), origin,
                subjects)
        }
    }

    /// `LIKENESS_TEXTURE_SIZE`, `LIKENESS_SOURCES_0_VIDEO_WIDTH`, `LIKENESS_SOURCES_ANNA_VIDEO_WIDTH`; empty ones count as unset.
    package init(environment: [String: String], subjects: [String]) {
        var known: [String: String] = [:]
        for key in ConfigurationKeys.all {
            known[ConfigurationKeys.environmentName(key.path)] = key.path
            for (index, subject) in subjects.enumerated() {
                for name in ["\(index)", subject] {
                    let path = "sources.\(name).\(key.path)"
                    known[ConfigurationKeys.environmentName(path)] = path
                }
            }
        }
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("LIKENESS_") {
            guard let path = known[name] else {
                if let nearest = Self.meant(by: name, among: known.keys) {
                    warnings.append("\(name) is no setting; did you mean \(nearest)?")
                }
                continue
            }
            if !text.isEmpty { set(path, to: text, ConfigurationOrigin(name), subjects) }
        }
    }

    /// Of two that say the same, the later.
    package mutating func add(_ other: Overrides) {
        general.merge(other.general) { $1 }
        specific.merge(other.specific) { $0.merging($1) { $1 } }
        faults += other.faults
        warnings += other.warnings
    }

    package mutating func set(_ path: String, _ value: ConfigurationValue, _ origin: String) {
        general[path] = LocatedValue(value, ConfigurationOrigin(origin))
    }

    private mutating func set(_ path: String, to text: String, _ origin: ConfigurationOrigin, _ subjects: [String]) {
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        var source: Int?
        var keyPath = path
        if parts.count > 2, parts[0] == "sources" {
            let name = String(parts[1])
            // A number is a place in the list, whatever the subjects are called.
            source = Int(name).flatMap { subjects.indices.contains($0) ? $0 : nil } ?? subjects.firstIndex(of: name)
            guard source != nil else {
                let known = subjects.enumerated().map { "\($0) (\($1))" }.joined(separator: ", ")
                return note(origin, "there is no source '\(ConfigurationKey.shown(name))', but \(known)")
            }
            keyPath = parts[2...].joined(separator: ".")
        }
        guard let key = ConfigurationKeys.named(keyPath) else {
            let nearest = ConfigurationKeys.nearest(to: keyPath, among: ConfigurationKeys.all.map(\.path))
            return note(origin, "unknown key '\(ConfigurationKey.shown(keyPath))'; did you mean '\(nearest)'?")
        }
        if key.place == .top, source != nil {
            return note(origin, "\(keyPath) is of the whole program, not of a source")
        }
        guard let value = key.value(text, plain: true) else { return note(origin, key.complaint(about: text)) }
        if let source {
            specific[source, default: [:]][keyPath] = LocatedValue(value, origin)
        } else {
            general[keyPath] = LocatedValue(value, origin)
        }
    }

    private mutating func note(_ origin: ConfigurationOrigin, _ text: String) {
        faults.append(ConfigurationFault(origin: origin, text: text))
    }

    /// Other names with this prefix are somebody else's, unless they look like a key.
    private static func meant(by name: String, among known: some Sequence<String>) -> String? {
        if ["LIKENESS_MODELS", "LIKENESS_PRESETS"].contains(name) { return nil }
        let ranked = known.map { (name: $0, distance: editDistance($0, name)) }
        let nearest = ranked.min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        let inSection = ConfigurationKeys.sections.contains {
            name.hasPrefix(ConfigurationKeys.environmentName($0.name) + "_")
        }
        guard let nearest, inSection || name.hasPrefix("LIKENESS_SOURCES_") || nearest.distance <= 2 else { return nil }
        return nearest.name
    }
}
