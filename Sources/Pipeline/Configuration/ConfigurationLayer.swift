/// Where a value stands: a file and its line, an environment variable, or an option.
package struct ConfigurationOrigin: Sendable, Equatable, CustomStringConvertible {
    package let place: String
    package let line: Int?

    package init(_ place: String, line: Int? = nil) {
        self.place = place
        self.line = line
    }

    package var description: String { line.map { "\(place):\($0)" } ?? place }
}

/// What somebody said of some keys, by path, and where.
package typealias ConfigurationLayer = [String: LocatedValue]

package struct LocatedValue: Sendable, Equatable {
    package var value: ConfigurationValue
    package var origin: ConfigurationOrigin

    package init(_ value: ConfigurationValue, _ origin: ConfigurationOrigin) {
        self.value = value
        self.origin = origin
    }

    package var text: String? { if case .text(let text) = value { text } else { nil } }
    package var flag: Bool? { if case .flag(let flag) = value { flag } else { nil } }
}

/// One thing that is wrong, where, and what to do: a line.
package struct ConfigurationFault: Sendable, Equatable, CustomStringConvertible {
    package let origin: ConfigurationOrigin
    package let text: String

    package var description: String { "\(origin): \(text)" }
}

/// A configuration that cannot be used; one line that names file, key and remedy.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Every fault, a line each; at least one.
    package let lines: [String]

    package init(_ line: String) { lines = [line] }

    /// - Parameter faults: at least one.
    package init(_ faults: [ConfigurationFault]) {
        precondition(!faults.isEmpty, "an error without a fault")
        lines = faults.map(\.description)
    }

    package var description: String {
        lines.count == 1 ? lines[0] : "\(lines[0]) (and \(lines.count - 1) more; likenessd check-config lists a file's)"
    }
}

extension Configuration {
    /// Takes over what a layer says of the keys that are in `Configuration`.
    mutating func apply(_ layer: ConfigurationLayer) {
        for key in ConfigurationKeys.ofSections {
            if let located = layer[key.path] { key.write?(&self, located.value) }
        }
    }
}
