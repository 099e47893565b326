internal import Foundation
internal import Yams

/// A preset or configuration that cannot be used; one line that names file, key and remedy.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

extension Configuration {
    /// Reads YAML over the defaults. A key that does not exist is an error that names the nearest one.
    package init(yaml: String, file: String) throws(ConfigurationError) {
        let given: Node?
        do {
            given = try Yams.compose(yaml: yaml)
        } catch {
            throw ConfigurationError("\(file) is not YAML: \(Self.firstLine(error))")
        }
        do {
            guard let defaults = try Yams.compose(yaml: YAMLEncoder().encode(Configuration())) else {
                preconditionFailure("the defaults encode to nothing")
            }
            let merged = try Self.merge(given ?? Node([(Node, Node)]()), into: defaults, path: "", file: file)
            self = try YAMLDecoder().decode(Configuration.self, from: Yams.serialize(node: merged))
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError("\(file): a value has the wrong type: \(Self.firstLine(error))")
        }
        if let problem { throw ConfigurationError("\(file): \(problem)") }
    }

    /// A preset's name (a file of `Presets/`) or the path of a file.
    package init(preset: String, directories: [String]) throws(ConfigurationError) {
        let candidates =
            preset.contains("/") || preset.hasSuffix(".yaml") ? [preset] : directories.map { "\($0)/\(preset).yaml" }
        for path in candidates where FileManager.default.fileExists(atPath: path) {
            let bytes: [UInt8]
            do { bytes = try AtomicFile.read(path) } catch { throw ConfigurationError(error.description) }
            try self.init(yaml: String(decoding: bytes, as: UTF8.self), file: path)
            return
        }
        let known = directories.flatMap { (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? [] }
            .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
        let names = Set(known).sorted().joined(separator: ", ")
        throw ConfigurationError(
            "there is no preset '\(preset)': give one of \(names.isEmpty ? "(none found)" : names), or the path of a file"
        )
    }

    private static func merge(_ given: Node, into known: Node, path: String, file: String) throws -> Node {
        guard let knownMapping = known.mapping else { return given }
        guard let mapping = given.mapping else {
            if given.scalar?.string.isEmpty == true || given.null != nil { return known }
            throw ConfigurationError("\(file): \(path.isEmpty ? "the file" : path) must hold keys")
        }
        var merged = knownMapping
        for (key, value) in mapping {
            let name = key.string ?? ""
            let full = path.isEmpty ? name : "\(path).\(name)"
            guard let inner = knownMapping[key] else {
                let nearest = knownMapping.keys.compactMap(\.string).min {
                    editDistance($0, name) < editDistance($1, name)
                }
                throw ConfigurationError(
                    "\(file): unknown key '\(full)'; did you mean '\(path.isEmpty ? "" : path + ".")\(nearest ?? "")'?")
            }
            merged[key] = try merge(value, into: inner, path: full, file: file)
        }
        return .mapping(merged)
    }

    private static func firstLine(_ error: any Error) -> String {
        "\(error)".split(separator: "\n").first.map(String.init) ?? "unreadable"
    }
}

/// Levenshtein's distance, for "did you mean".
func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let above = row[j + 1]
            row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
            diagonal = above
        }
    }
    return row[b.count]
}
