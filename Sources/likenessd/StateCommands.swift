internal import ArgumentParser
internal import Foundation
internal import Pipeline

/// Options of all commands that work on what runs have left.
struct SubjectOptions: ParsableArguments {
    @Argument(help: "Name of the published files.") var subject: String
    @Option(name: .shortAndLong, help: "The directory that is published into.") var output: String

    func validate() throws {
        do { try Publishing.checkSubject(subject) } catch { throw ValidationError("\(error)") }
    }
}

struct EditionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "editions", abstract: "Lists the editions that are there, the newest last.")

    @OptionGroup var of: SubjectOptions

    func run() throws {
        for entry in try Publishing.editions(output: of.output, subject: of.subject) {
            var line = String(format: "%6d  %8.2f MB", entry.number, Double(entry.bytes) / 1e6)
            if let manifest = entry.manifest {
                line += String(
                    format: "  %@  seen %3.0f %%  score %.3f", manifest.published, manifest.quality.coverage * 100,
                    manifest.quality.score)
                if let copied = manifest.copyOf { line += "  a copy of \(copied)" }
                if entry.isCurrent { line += manifest.isHeld == true ? "  published, held" : "  published" }
            }
            print(line)
        }
    }
}

struct RollbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Publishes an older edition again, as a new one.",
        discussion: """
            Without --edition it is the one before what is published now; a second rollback goes one further back. What a \
            run publishes after that has to score higher than the best edition that was taken back; with --hold nothing is \
            published until --release. Runs that publish the subject have to be stopped first.
            """)

    @OptionGroup var of: SubjectOptions
    @Option(help: "Number of the edition.") var edition: Int?
    @Flag(help: "Keep it until it is released.") var hold = false
    @Flag(help: "Let a held edition go, and roll nothing back.") var release = false

    func validate() throws {
        if release, hold || edition != nil { throw ValidationError("--release goes with no other option") }
    }

    func run() throws {
        if release {
            let wasHeld = try Publishing.release(output: of.output, subject: of.subject)
            print(wasHeld ? "released" : "nothing was held")
            return
        }
        let manifest = try Publishing.rollback(
            output: of.output, subject: of.subject, edition: edition, hold: hold)
        print(
            "edition \(manifest.edition), a copy of \(manifest.copyOf ?? 0): \(of.output)/\(manifest.file)"
                + (hold ? ", held" : ""))
    }
}

struct ForgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Removes everything that was kept of a person.",
        discussion: """
            Editions, manifests, maps, checkpoints, what was set aside, what killed runs left, and the motion and pictures \
            that runs noted. SUBJECT-2, SUBJECT-3 … belong to the subject. Runs of the subject have to be stopped first. \
            Files are removed, not overwritten; backups and copies that others made are not found.
            """)

    @OptionGroup var of: SubjectOptions
    @Option(help: "The directory of checkpoints, where it is none of the usual ones.") var state: String?
    @Flag(help: "Leave SUBJECT-2, SUBJECT-3 … alone.") var only = false

    func run() throws {
        let forgotten = try Forgetting(subject: of.subject, output: of.output, state: state, only: only)
        for path in forgotten.removed { print("removed \(path)") }
        if forgotten.removed.isEmpty { print("there was nothing of \(of.subject)") }
        for remark in forgotten.remarks { FileHandle.standardError.write(Data("note: \(remark)\n".utf8)) }
    }
}

struct PauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Closes the camera of a subject until `resume`, also over a restart.")

    @OptionGroup var of: SubjectOptions
    @Option(help: "The directory of checkpoints, where it is none of the usual ones.") var state: String?

    func run() throws {
        try Pausing.set(true, subject: of.subject, output: of.output, state: state)
        print("\(of.subject) is paused")
    }
}

struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Opens the camera of a subject again after `pause`.")

    @OptionGroup var of: SubjectOptions
    @Option(help: "The directory of checkpoints, where it is none of the usual ones.") var state: String?

    func run() throws {
        try Pausing.set(false, subject: of.subject, output: of.output, state: state)
        print("\(of.subject) goes on")
    }
}
