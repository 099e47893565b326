import Foundation
import Testing

/// The checkout this test was compiled from.
let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

/// The `likenessd` that was built with these tests.
let executable = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appendingPathComponent("likenessd").path

/// A fresh directory that goes when the test ends.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.path + "/likeness-\(UUID().uuidString)"
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// The files that set-up fetches and builds; tests that need them say so when they are not there.
enum Models {
    static let path = ProcessInfo.processInfo.environment["LIKENESS_MODELS"] ?? packageRoot + "/models"
    static let present = FileManager.default.fileExists(atPath: path + "/head.model")
    static let missing: Comment = "models are missing: run ./set-up"
}

/// Real faces and clips beside the checkout; not part of the project.
enum SharedData {
    static let path =
        (ProcessInfo.processInfo.environment["LIKENESS_SHARED"] ?? packageRoot + "/../shared") + "/data"
    static let present = FileManager.default.fileExists(atPath: path + "/video/s18.mp4")
    static let missing: Comment = "no ../shared/data: clips of real people are not part of the project"
}

/// Runs the real `likenessd`.
enum Program {
    struct Result {
        let status: Int32
        let output: String
        let errors: String
    }

    private static func plain(_ arguments: [String]) -> [String] {
        arguments.first == "run" ? arguments + ["--no-synthesis"] : arguments
    }

    /// Starts it and leaves it running, silent.
    /// - Parameter errors: a file for what it says on standard error.
    static func start(_ arguments: [String], synthesis: Bool = false, errors: String? = nil) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = synthesis ? arguments : plain(arguments)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        if let errors {
            try Data().write(to: URL(fileURLWithPath: errors))
            process.standardError = FileHandle(forWritingAtPath: errors)
        }
        try process.run()
        return process
    }

    /// - Parameter synthesis: of unseen skin, which takes half a minute.
    static func run(_ arguments: [String], synthesis: Bool = false, input: FileHandle? = nil) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = synthesis ? arguments : plain(arguments)
        process.standardInput = input ?? FileHandle.nullDevice
        // Files, not pipes: a full pipe would stop the program.
        let place = TemporaryDirectory()
        let (out, err) = (place.path + "/out", place.path + "/err")
        for path in [out, err] { try Data().write(to: URL(fileURLWithPath: path)) }
        process.standardOutput = FileHandle(forWritingAtPath: out)
        process.standardError = FileHandle(forWritingAtPath: err)
        try process.run()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus, output: try String(contentsOfFile: out, encoding: .utf8),
            errors: try String(contentsOfFile: err, encoding: .utf8))
    }
}
