internal import Foundation

/// One source as everybody who may say something about it wants it. Names of secrets are not looked up yet.
package struct SourceConfiguration: Sendable, Equatable {
    package var subject: String
    package var source: String
    package var output: String
    package var motion: String?
    package var untilEnd: Bool
    package var realTime: Bool
    /// A camera that is not there yet is waited for.
    package var waits: Bool
    /// Somebody said that this subject may be captured.
    package var isEnrolled: Bool
    package var configuration: Configuration
    /// What was said, and where; keys that are not in it have their defaults.
    package var said: ConfigurationLayer
}

/// The whole of what the program is asked to do: presets, file, environment and command line put together.
///
/// Later ones win: defaults, preset, the file's top, the file's source, environment, command line; and in one place what names
/// a source wins over what is for all.
package struct DaemonConfiguration: Sendable, Equatable {
    package private(set) var sources: [SourceConfiguration] = []
    package private(set) var warnings: [String] = []
    /// Paths of the files that were read.
    package private(set) var files: [String] = []

    /// Looks a preset up: its name or path → what it says.
    package typealias Presets = (String) throws(ConfigurationError) -> ConfigurationLayer

    /// - Parameters:
    ///   - file: `nil` where the one source comes from the command line.
    ///   - assignments: `--set`'s.
    ///   - options: of the command line, which win over `assignments`' opposites in the environment.
    /// - Throws: every fault at once.
    package init(
        file: ConfigurationFile?, environment: [String: String] = [:], assignments: [String] = [],
        options: Overrides = Overrides(), presets: Presets
    ) throws(ConfigurationError) {
        let place = ConfigurationOrigin(file?.name ?? "command line")
        var faults = file?.faults ?? []
        var entries = file?.sources ?? []
        // Without a list the one source is what environment and command line say.
        if entries.isEmpty { entries = [ConfigurationFile.Source(origin: place)] }
        let subjects = entries.map { $0.layer["subject"]?.text ?? "avatar" }
        let fromEnvironment = Overrides(environment: environment, subjects: subjects)
        var fromCommandLine = options
        fromCommandLine.add(Overrides(assignments: assignments, subjects: subjects))
        warnings = fromEnvironment.warnings + fromCommandLine.warnings
        faults += fromEnvironment.faults + fromCommandLine.faults
        if entries.count > 1 {
            for (path, located) in fromEnvironment.general.merging(fromCommandLine.general, uniquingKeysWith: { $1 })
            where ConfigurationKeys.named(path)?.place == .source {
                faults.append(
                    ConfigurationFault(
                        origin: located.origin,
                        text:
                            "\(path) is of one source, and there are \(entries.count): name it, as in sources.0.\(path)"
                    ))
            }
        }
        for (index, entry) in entries.enumerated() {
            var said = file?.top ?? [:]
            for layer in [
                entry.layer, fromEnvironment.general, fromEnvironment.specific[index], fromCommandLine.general,
                fromCommandLine.specific[index],
            ] {
                said.merge(layer ?? [:]) { $1 }
            }
            if let preset = said["preset"], let name = preset.text {
                do {
                    said.merge(try presets(name)) { said, _ in said }
                } catch {
                    faults.append(ConfigurationFault(origin: preset.origin, text: "\(error)"))
                }
            }
            let origin = said["source"]?.origin ?? entry.origin
            if let source = Self.source(said, at: origin, of: file, faults: &faults) { sources.append(source) }
        }
        faults += Self.conflicts(sources)
        if !faults.isEmpty { throw ConfigurationError(Self.unique(faults)) }
    }

    private static func source(
        _ said: ConfigurationLayer, at origin: ConfigurationOrigin, of file: ConfigurationFile?,
        faults: inout [ConfigurationFault]
    ) -> SourceConfiguration? {
        var configuration = Configuration()
        configuration.apply(said)
        for problem in configuration.problems {
            let key = problem.prefix { $0 != " " }
            faults.append(ConfigurationFault(origin: said[String(key)]?.origin ?? origin, text: problem))
        }
        guard let source = said["source"]?.text else {
            let remedy =
                "give 'source:' here" + (file?.sources.isEmpty ?? true ? ", below 'sources:', or --source" : "")
            faults.append(ConfigurationFault(origin: origin, text: "there is no source: \(remedy)"))
            return nil
        }
        guard let output = said["output"]?.text, !output.isEmpty else {
            faults.append(
                ConfigurationFault(origin: origin, text: "there is no output: give 'output:' at the top or here"))
            return nil
        }
        let motion = said["motion"]?.text
        return SourceConfiguration(
            subject: said["subject"]?.text ?? "avatar", source: source, output: output,
            motion: motion?.isEmpty == true ? nil : motion,
            untilEnd: said["untilEnd"]?.flag ?? false, realTime: said["realTime"]?.flag ?? false,
            waits: said["wait"]?.flag ?? (file != nil), isEnrolled: said["enrolled"]?.flag ?? (file == nil),
            configuration: configuration, said: said)
    }

    /// Two that would write the same files, have the same name over HTTP, or read the same device.
    private static func conflicts(_ sources: [SourceConfiguration]) -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        for (index, source) in sources.enumerated() {
            let origin =
                (source.said["subject"] ?? source.said["source"])?.origin ?? ConfigurationOrigin("command line")
            for earlier in sources[..<index] {
                if let name = shared(source, earlier) {
                    let isOnePlace = place(of: source.output) == place(of: earlier.output)
                    if isOnePlace || !source.configuration.http.address.isEmpty {
                        let what = isOnePlace ? "publish '\(name)' into \(source.output)" : "are '\(name)' over http"
                        faults.append(
                            ConfigurationFault(
                                origin: origin, text: "two sources \(what): give each a subject of its own"))
                    }
                }
                if source.source == earlier.source, source.source == "-" || source.source.hasPrefix("/dev/") {
                    faults.append(
                        ConfigurationFault(
                            origin: origin, text: "two sources read \(source.source): it can be read once only"))
                }
                if let motion = source.motion, let other = earlier.motion, place(of: motion) == place(of: other) {
                    faults.append(
                        ConfigurationFault(
                            origin: origin, text: "two sources write their motion to \(motion): give each its own"))
                }
            }
        }
        return faults
    }

    /// The name that both may publish under: their subject, or NAME-2 … of people who are kept apart.
    private static func shared(_ a: SourceConfiguration, _ b: SourceConfiguration) -> String? {
        if a.subject == b.subject { return a.subject }
        for (one, other) in [(a, b), (b, a)] where one.configuration.selection.stranger == .apart {
            guard other.subject.hasPrefix(one.subject + "-") else { continue }
            if let number = Int(other.subject.dropFirst(one.subject.count + 1)), number >= 2 { return other.subject }
        }
        return nil
    }

    private static func place(of path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

    /// What is wrong at the top is wrong for each source, and is said once.
    private static func unique(_ faults: [ConfigurationFault]) -> [ConfigurationFault] {
        var seen: Set<String> = []
        let once = faults.filter { seen.insert($0.description).inserted }
        return once.sorted { ($0.origin.place, $0.origin.line ?? 0) < ($1.origin.place, $1.origin.line ?? 0) }
    }
}

extension DaemonConfiguration {
    /// Reads file and presets from their places.
    package init(
        path: String?, environment: [String: String], assignments: [String] = [], options: Overrides = Overrides()
    ) throws(ConfigurationError) {
        let file: ConfigurationFile? = if let path { try ConfigurationFile(path: path) } else { nil }
        // A preset's relative path is relative to the file that names it: a service's working directory is no place.
        let folder = path.map { ($0 as NSString).deletingLastPathComponent }
        try self.init(file: file, environment: environment, assignments: assignments, options: options) {
            name throws(ConfigurationError) in
            try Configuration.layer(
                ofPreset: name, directories: Places.presets(), folder: folder.flatMap { $0.isEmpty ? nil : $0 })
        }
        let presets = sources.compactMap { source in
            source.said["preset"]?.text.flatMap {
                Configuration.presetPath(
                    $0, directories: Places.presets(), folder: folder.flatMap { $0.isEmpty ? nil : $0 })
            }
        }
        files = [path].compactMap { $0 } + Set(presets).sorted()
    }
}
