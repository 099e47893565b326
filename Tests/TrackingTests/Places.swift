import Foundation

/// Where tests find what is not in the repository; each test that needs it says so when it is skipped.
enum Places {
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func directory(_ variable: String, default fallback: URL) -> String {
        ProcessInfo.processInfo.environment[variable] ?? fallback.path
    }

    static let models = directory("LIKENESS_MODELS", default: root.appendingPathComponent("models"))
    static let shared = directory(
        "LIKENESS_SHARED", default: root.deletingLastPathComponent().appendingPathComponent("shared"))

    static let hasModels = FileManager.default.fileExists(atPath: models + "/libLiteRt.so")
    static let noModels = "no models in \(models): run ./set-up, or set LIKENESS_MODELS"

    static func hasShared(_ path: String) -> Bool { FileManager.default.fileExists(atPath: shared + "/data/" + path) }
    static let noShared = "no test data in \(shared)/data: set LIKENESS_SHARED"

    /// A Python that has MediaPipe, or `nil`.
    static let mediapipePython: String? = {
        let python = ProcessInfo.processInfo.environment["LIKENESS_MEDIAPIPE_PYTHON"] ?? "python3"
        return (try? run([python, "-c", "import mediapipe, numpy"])) == 0 ? python : nil
    }()

    /// Exit status of a program found on the path.
    static func run(_ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
