internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline

/// What an analysis tells of hidden skin, each face of the database beside the rest of it.
struct PredictionBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "prediction")
    @Option var models: String?
    @Option(help: "A database; the models' one when not given.") var database: String?

    func run() throws {
        let directory = Places.models(option: models)
        let contents = try SynthesisBench.contents(database ?? directory + "/" + FaceDatabaseFile.name)
        let trial = PredictionTrial(contents.database)
        print("miss, and contrast's bias and error (natural logarithm), by band, finest first")
        for test in SynthesisBench.Test.allCases where test != .half && test != .small64 {
            // An octave is gone with each halving; smaller pictures than a quarter's hardly show any.
            let octaves = test.factor.trailingZeroBitCount
            let scores = trial.scores(hidden: test.regions, octaves: octaves)
            for way in PredictionTrial.Way.allCases {
                let words = scores.compactMap { $0[way] }.map {
                    String(format: "%5.2f %+5.2f %4.2f", $0.miss, $0.bias, $0.error)
                }
                print("\(test.rawValue) \(way.rawValue): \(words.joined(separator: "  |  "))")
            }
            for region in test.regions.sorted() { print("  \(region): \(trial.faces(showing: region)) faces show it") }
        }
    }
}
