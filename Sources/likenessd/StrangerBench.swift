internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tracking
internal import Video

/// How alike faces look to the recognition: each film's pictures against the first film's beginning.
struct StrangerBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "strangers")
    @Option(help: "A film of the person who is known.") var known: String
    @Option(parsing: .upToNextOption, help: "Films of others.") var others: [String] = []
    @Option var models: String?
    @Option(help: "Seconds of the first film that the person is known from.") var seconds = 5.0

    func run() throws {
        let directory = Places.models(option: models)
        let head = try HeadModelFile.load(from: directory)
        let keyframes = try Keyframes.selected(from: VideoSource(parsing: known), until: seconds, models: directory)
        guard !keyframes.isEmpty else { throw Failure(.noFace, "no usable face in \(known)") }
        for film in [known] + others {
            let found = try Recognition.correlations(
                of: VideoSource(parsing: film), from: film == known ? seconds : 0, with: keyframes, model: head,
                models: directory
            ).sorted()
            guard !found.isEmpty else { continue }
            func at(_ q: Double) -> String { String(format: "%5.2f", found[Int(q * Double(found.count - 1))]) }
            print("\(at(0.05)) (5 %)\(at(0.5)) (50 %)\(at(0.95)) (95 %) of \(found.count) pictures: \(film)")
        }
    }
}
