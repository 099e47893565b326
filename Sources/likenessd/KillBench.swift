internal import ArgumentParser
internal import Foundation
internal import Pipeline
internal import Video

/// Runs are killed at random moments and started again: nothing that was published or kept may be lost. Every third one is killed
/// in its first seconds, the others in the seconds after they have written something.
struct KillBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "kills")
    @Option(help: "A film of a person; it is played like a camera.") var source: String
    @Option(help: "Where runs publish and keep their state; it is removed before and after.") var directory: String
    @Option(help: "Runs to kill.") var count = 500
    @Option(help: "Seconds that a run lives at most, from its start or from its first file.") var longest = 3.0
    @Option(help: "Begin from nothing again after so many runs, so that there is something to publish.") var renew = 5
    @Option(help: "Seconds that a first file is waited for: machines may be busy.") var patience = 30.0
    @Option var models: String?

    func run() throws {
        let models = Places.models(option: models)
        let (model, digest) = try HeadModelFile.loadWithDigest(at: models + "/" + HeadModelFile.name)
        let (output, state, preset) = (directory + "/out", directory + "/state", directory + "/eager.yaml")
        try? FileManager.default.removeItem(atPath: directory)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let text = """
            texture: {intervalSeconds: 0.1, size: 256, synthesisSize: 256}
            publication: {minimumIntervalSeconds: 0, minimumGain: 0, keep: 3, confidenceMap: true}
            state: {intervalSeconds: 0.05}
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: preset))
        let name = VideoSource(parsing: source).description
        var (killed, failures, checkpoints, editions) = (0, 0, 0, 0)
        var before: (edition: Int, score: Double, keyframes: Int) = (0, 0, 0)
        for round in 1...count {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            process.arguments = [
                "run", "--source", source, "--output", output, "--state", state, "--models", models, "--preset", preset,
                "--real-time",
            ]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            // At the first of all there has to be an edition, however busy the machine is.
            let end = Date(timeIntervalSinceNow: patience)
            while round == 1, process.isRunning, Date() < end,
                !FileManager.default.fileExists(atPath: output + "/avatar.json")
            {
                Thread.sleep(forTimeInterval: 0.005)
            }
            if round > 1, round % 3 != 0 { waitForAFile(in: [output, state], of: process) }
            Thread.sleep(forTimeInterval: Double.random(in: 0...longest))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            if process.terminationReason == .uncaughtSignal { killed += 1 }
            let found = StateCheck(
                output: output, subject: "avatar", state: state, source: name, model: model, digest: digest)
            var problems = found.problems
            if found.edition < before.edition { problems.append("edition \(before.edition) became \(found.edition)") }
            if found.score < before.score { problems.append("score \(before.score) became \(found.score)") }
            // A good keyframe may push two out.
            if before.keyframes > 0, found.keyframes == 0 { problems.append("the checkpoint is gone") }
            if found.keyframes > 0 { checkpoints += 1 }
            if found.edition > before.edition { editions += 1 }
            failures += problems.isEmpty ? 0 : 1
            for problem in problems { print("round \(round): \(problem)") }
            before = (found.edition, found.score, found.keyframes)
            if round % renew == 0 {
                for path in [output, state] { try? FileManager.default.removeItem(atPath: path) }
                before = (0, 0, 0)
            }
            if round % 50 == 0 { print("\(round) runs") }
        }
        print(
            "killed \(killed) of \(count) runs; a checkpoint was found after \(checkpoints), a new edition after \(editions);"
                + " \(failures) rounds with something incomplete or lost")
        guard failures == 0, checkpoints > 0 else { throw ExitCode(ExitStatus.software.rawValue) }
    }

    /// Until one of the directories changes, or patience ends.
    private func waitForAFile(in directories: [String], of process: Process) {
        func changed() -> [Int] {
            directories.map { path in
                var status = stat()
                guard stat(path, &status) == 0 else { return 0 }
                return status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
            }
        }
        // The locks and the cleaning up at the start are no work yet.
        let names = { directories.map { ((try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? []).count } }
        let (before, count) = (changed(), names())
        let end = Date(timeIntervalSinceNow: patience)
        while process.isRunning, Date() < end {
            if changed() != before, names() != count, names().contains(where: { $0 > 1 }) { return }
            Thread.sleep(forTimeInterval: 0.005)
        }
    }
}
