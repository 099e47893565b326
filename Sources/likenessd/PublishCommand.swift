internal import ArgumentParser
internal import Pipeline

/// Also how an older edition comes back: an edition is never changed, it is published again as a new one.
struct PublishCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publishes an avatar file as the next edition, for instance to go back to an older one.")

    @Argument(help: "The .glb to publish, e.g. DIR/avatar.000003.glb.") var avatar: String
    @Option(help: "The watched directory.") var output: String
    @Option(help: "Name of the published files.") var subject = "avatar"
    @Option(help: "Numbered editions to keep.") var keep = 10

    func run() throws {
        let manifest = try Publishing.republish(avatar: avatar, output: output, subject: subject, keep: keep)
        print("edition \(manifest.edition): \(output)/\(manifest.file)")
    }
}
