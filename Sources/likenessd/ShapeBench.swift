internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Video

/// The fit on films of heads whose exact shape is known.
struct HeadsBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "heads")
    @Option(help: "Directory of folders with clip.mp4, neutral.ply, face_region.json, landmarks7.json, frames.json.")
    var data: String
    @Option var models: String?
    @Option(help: "Fit after so many seconds of each film.") var after: [Double] = [10]
    @Option(help: "Draw calibration and error against seconds (.svg).") var plot: String?

    func run() throws {
        let directory = Places.models(option: models)
        let model = try HeadModelFile.load(from: directory)
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: data)) ?? []).sorted()
            .filter { FileManager.default.fileExists(atPath: "\(data)/\($0)/neutral.ply") }
        guard !names.isEmpty else { throw Failure(.noInput, "\(data) has no folder with a neutral.ply") }
        print(ShapeTrial.heading)
        var trials: [ShapeTrial] = []
        for name in names {
            let head = try ScannedHead(folder: "\(data)/\(name)")
            let found = try ShapeTrial.run(
                name: "head \(name)", film: .file(path: head.clip), after: after, scan: head.scan, focal: head.focal,
                model: model, models: directory)
            for trial in found { print(trial.line) }
            trials += found
        }
        for time in after { print(ShapeTrial.summary(trials.filter { $0.seconds == time })) }
        if let plot { try TrialPlot.svg(trials).write(toFile: plot, atomically: true, encoding: .utf8) }
    }
}

/// The fit on synthetic people drawn at random, with lights, lenses and motion.
struct PeopleBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "people")
    @Option(help: "Films are made here once, and found again.") var directory: String
    @Option var models: String?
    @Option var count = 20
    @Option(help: "The first one's seed; the others' follow.") var seed: UInt64 = 1000
    @Option(help: "WIDTHxHEIGHT.") var size = "960x540"
    @Option(help: "Fit after so many seconds of each film.") var after: [Double] = [8]
    @Option(help: "Draw calibration and error against seconds (.svg).") var plot: String?

    func run() throws {
        let place = Places.models(option: models)
        let model = try HeadModelFile.load(from: place)
        let pixels = size.split(separator: "x").compactMap { Int($0) }
        guard pixels.count == 2 else { throw ValidationError("--size takes WIDTHxHEIGHT") }
        print(ShapeTrial.heading)
        var trials: [ShapeTrial] = []
        for i in 0..<count {
            let own = seed + UInt64(i)
            let folder = "\(directory)/\(own)"
            if !FileManager.default.fileExists(atPath: "\(folder)/person.mp4") {
                try SyntheticClip.write(
                    models: place, directory: folder, seed: own, seconds: after.max() ?? 8, width: pixels[0],
                    height: pixels[1]
                ) { _ in }
            }
            let truth = try SyntheticClip.truth(folder)
            let found = try ShapeTrial.run(
                name: "person \(own)", film: .file(path: "\(folder)/person.mp4"), after: after,
                scan: HeadScan(model: model, points: model.points(identity: truth.identity)), focal: truth.focal,
                model: model, models: place)
            for trial in found { print(trial.line) }
            trials += found
        }
        for time in after { print(ShapeTrial.summary(trials.filter { $0.seconds == time })) }
        if let plot { try TrialPlot.svg(trials).write(toFile: plot, atomically: true, encoding: .utf8) }
    }
}
