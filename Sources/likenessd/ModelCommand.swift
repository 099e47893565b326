internal import ArgumentParser
internal import Foundation
internal import Pipeline

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "The head model that the fit starts from.", subcommands: [Build.self])

    struct Build: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Builds the default head model from the data that set-up extracted (about a minute).")

        @Option(help: "Directory with mpfb2/ and faceunits01/.") var data: String
        @Option(help: "The file to write.") var output: String
        @Option(help: "Directory of the tracking models.") var models: String?

        @Flag(help: "Keep the file where it is one that this version can use.") var ifNeeded = false

        func run() throws {
            if ifNeeded, (try? HeadModelFile.load(at: output)) != nil { return }
            try HeadModelFile.build(data: data, models: Places.models(option: models), output: output) {
                FileHandle.standardError.write(Data("head model: \($0)\n".utf8))
            }
        }
    }
}
