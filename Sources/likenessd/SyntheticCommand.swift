internal import ArgumentParser
internal import Foundation
internal import Pipeline

struct SyntheticCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "synthetic",
        abstract: "Films a person who does not exist, and writes down the truth: person.mp4, truth.json, truth.glb.")

    @Option(help: "The directory to write into.") var output: String
    @Option(help: "The directory that set-up filled.") var models: String?
    @Option(help: "Another number is another person.") var seed: UInt64 = 7
    @Option(help: "Length in seconds.") var seconds = 10.0
    @Option(help: "WIDTHxHEIGHT, even numbers.") var size = "1280x720"

    private var pixels: (width: Int, height: Int)? {
        let parts = size.split(separator: "x").compactMap { Int($0) }
        guard parts.count == 2, parts.allSatisfy({ (64...4096).contains($0) && $0 % 2 == 0 }) else { return nil }
        return (parts[0], parts[1])
    }

    func validate() throws {
        guard pixels != nil else { throw ValidationError("--size takes WIDTHxHEIGHT in even numbers, not '\(size)'") }
        guard (0.1...3600).contains(seconds) else { throw ValidationError("--seconds must be 0.1 to 3600") }
    }

    func run() throws {
        guard let pixels else { return }
        try SyntheticClip.write(
            models: Places.models(option: models), directory: output, seed: seed, seconds: seconds,
            width: pixels.width, height: pixels.height
        ) { done in
            FileHandle.standardError.write(Data("synthetic person: \(Int(done * 100)) %\n".utf8))
        }
    }
}
