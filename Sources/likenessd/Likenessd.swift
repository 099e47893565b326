internal import ArgumentParser
internal import Foundation
internal import Pipeline
internal import Video

@main
struct Likenessd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "likenessd",
        abstract: "Keeps a 3D avatar of the person in front of a camera.",
        discussion: """
            Watches a webcam, an RTSP camera or a video file, fits a 3D head to the sharp frames, projects their texture \
            and publishes each better avatar as glTF. Everything stays on this machine.

            \(ExitStatus.table)
            """,
        version: Version.text,
        subcommands: [
            RunCommand.self, CheckConfigCommand.self, ConfigCommand.self, RenderCommand.self, SyntheticCommand.self,
            PublishCommand.self, ModelCommand.self,
            DatabaseCommand.self, FeaturesCommand.self,
            EvaluateCommand.self, BenchCommand.self,
            EditionsCommand.self, RollbackCommand.self, PauseCommand.self, ResumeCommand.self, ForgetCommand.self,
        ])

    /// Ends every command the same way: one line on standard error, and the documented status.
    static func main() async {
        WaitPolicy.bePassive()
        do {
            var command = try parseAsRoot()
            Arguments.hideSecrets()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            Terminal.clearStatus()
            FileHandle.standardError.write(Data("likenessd: \(Redaction.text(failure.description))\n".utf8))
            Foundation.exit(failure.code.rawValue)
        } catch {
            let status = exitCode(for: error)
            if status.isSuccess { exit(withError: error) }
            // What is wrong with the command line is told with its own words, and they may hold a password.
            let message = fullMessage(for: error)
            if !message.isEmpty { FileHandle.standardError.write(Data("\(Redaction.text(message))\n".utf8)) }
            Foundation.exit(status.rawValue)
        }
    }
}

/// OpenMP's threads wait for their next piece of work by spinning, on the very cores that frames are waiting for. It can be told
/// not to by its environment only, which it reads before `main`.
private enum WaitPolicy {
    private static let variable = "OMP_WAIT_POLICY"

    /// Starts this program once more, in the same process, with the environment that it should have had. Where that fails
    /// things are merely slower.
    static func bePassive() {
        guard getenv(variable) == nil else { return }
        setenv(variable, "passive", 1)
        execv("/proc/self/exe", CommandLine.unsafeArgv)
    }
}
