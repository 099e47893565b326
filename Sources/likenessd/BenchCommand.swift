internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tracking
internal import Video

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Times parts of the program against their baselines, in one run.",
        shouldDisplay: false,
        subcommands: [LiveBench.self, FitBench.self, HeadsBench.self, PeopleBench.self, StrangerBench.self])
}

/// CPU seconds of decoding alone, and of decoding and tracking.
struct LiveBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "live")
    @Option var source: String
    @Option var models: String?
    @Option(help: "Write the landmarks of every frame: frame number, then x y of 468 points.") var dump: String?

    func run() throws {
        let input = VideoSource(parsing: source)
        let decode = try Self.cpu {
            var reader = try VideoReader(input)
            while try reader.next() != nil {}
        }
        var (frames, seen) = (0, 0)
        var lines = ""
        let track = try Self.cpu {
            var tracker = try FaceTracker(directory: Places.models(option: models))
            var reader = try VideoReader(input)
            while let frame = try reader.next() {
                frames += 1
                guard
                    case .success(let observation) = try tracker.observe(
                        frame.image, frame: frame.number, time: frame.time)
                else { continue }
                seen += 1
                if dump != nil {
                    lines += "\(frame.number)"
                    for p in observation.face.points { lines += " \(p.x) \(p.y)" }
                    lines += "\n"
                }
            }
        }
        if let dump { try lines.write(toFile: dump, atomically: true, encoding: .utf8) }
        print("frames \(frames), with a face \(seen)")
        print(String(format: "decode %.2f s CPU, decode and track %.2f s CPU: %.2f x", decode, track, track / decode))
        print(String(format: "tracking %.2f ms a frame", (track - decode) / Double(max(frames, 1)) * 1000))
    }

    private static func cpu(_ work: () throws -> Void) rethrows -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        let start = now()
        try work()
        return now() - start
    }
}

/// The shape alone: keyframes of a whole film, one fit, no texture.
struct FitBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "fit")
    @Option var source: String
    @Option var models: String?
    @Option(help: "Write the head here (.glb), in one colour.") var output: String
    @Option(help: "Use the film's beginning only, seconds.") var seconds = Double.infinity
    @Flag(help: "Write the mean head instead, for comparison.") var unfitted = false

    func run() throws {
        let directory = Places.models(option: models)
        let head = try HeadModelFile.load(from: directory)
        let keyframes = try Keyframes.selected(
            from: VideoSource(parsing: source), until: seconds, models: directory)
        let start = ContinuousClock.now
        var estimator = ShapeEstimator(model: head)
        let ready = ContinuousClock.now
        guard !keyframes.isEmpty else { throw Failure(.noFace, "no usable face in \(source)") }
        var fit = estimator.absorb(keyframes: keyframes)
        let end = ContinuousClock.now
        if unfitted { fit.identity = fit.identity.map { _ in 0 } }
        let avatar = AvatarMaker.plain(model: head, fit: fit)
        try Data(avatar.glb()).write(to: URL(fileURLWithPath: output))
        print("keyframes \(keyframes.count), prepared in \(ready - start), fitted in \(end - ready)")
        print(
            "focal \(fit.focal), deviation \(fit.deviation.surface) mm, landmarks \((fit.reprojection(keyframes) ?? .nan) * 100) %"
        )
    }
}
