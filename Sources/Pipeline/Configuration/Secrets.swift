internal import Foundation

/// Secrets by name, so that they stand neither in arguments nor in files: `${NAME}` is a file of systemd's credentials
/// directory, else an environment variable.
package enum Secrets {
    package static func expand(_ text: String) throws(Failure) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.range(of: "${") {
            guard let close = rest[open.upperBound...].firstIndex(of: "}") else { break }
            let name = String(rest[open.upperBound..<close])
            guard let value = value(of: name) else {
                throw Failure(
                    .configuration,
                    "the source names ${\(name)}, but there is no credential or environment variable \(name)")
            }
            result += rest[..<open.lowerBound] + value
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    private static func value(of name: String) -> String? {
        let environment = ProcessInfo.processInfo.environment
        if let directory = environment["CREDENTIALS_DIRECTORY"], !name.contains("/"),
            let secret = try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)
        {
            return secret.trimmingCharacters(in: .newlines)
        }
        return environment[name]
    }
}
