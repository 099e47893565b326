internal import ArgumentParser
internal import Foundation
internal import Pipeline

struct CheckConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Checks a configuration file or preset, and says everything that is wrong with it.",
        discussion: """
            Nothing is opened and no secret is looked up. Every problem is a line of its own, FILE:LINE: what to do; then \
            the status is 78.
            """)

    @Argument(help: "The file.") var file: String

    func run() throws {
        do {
            print("\(file): \(try Self.check(file))")
        } catch {
            for line in error.lines { FileHandle.standardError.write(Data("\(line)\n".utf8)) }
            throw ExitCode(ExitStatus.configuration.rawValue)
        }
    }

    /// - Returns: what is in it.
    private static func check(_ path: String) throws(ConfigurationError) -> String {
        let file = try ConfigurationFile(path: path)
        // A preset has no sources, and is whole without.
        if file.sources.isEmpty, file.top["output"] == nil {
            if !file.faults.isEmpty { throw ConfigurationError(file.faults) }
            return "no problems; a preset (no sources)"
        }
        let sources = try DaemonConfiguration(path: path, environment: [:]).sources
        let names = sources.map(\.subject).joined(separator: ", ")
        return "no problems; \(sources.count) source\(sources.count == 1 ? "" : "s") (\(names))"
    }
}

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "About the configuration file.", subcommands: [ConfigSchemaCommand.self])
}

struct ConfigSchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints a JSON Schema (draft 2020-12) of the configuration file.")

    func run() { print(ConfigurationSchema.json()) }
}
