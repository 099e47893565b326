internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tensors
internal import Tracking
internal import Video

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Times parts of the program against their baselines, in one run.",
        shouldDisplay: false,
        subcommands: [
            LiveBench.self, FitBench.self, HeadsBench.self, PeopleBench.self, StrangerBench.self, ExpressionBench.self,
            NetworkBench.self, SynthesisBench.self, AnalysisBench.self, PredictionBench.self, AlbedoBench.self,
            ResolutionBench.self, KillBench.self, LikenessBench.self,
        ])
}

/// CPU seconds of decoding alone, by `ffmpeg -f null` where it is installed and by our own reader, and of decoding, tracking
/// and selecting: what every frame of a camera costs.
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
        var (frames, seen, kept) = (0, 0, 0)
        var selector = KeyframeSelector()
        var lines = ""
        // Loading and checking the models is done once.
        var tracker = try FaceTracker(directory: Places.models(option: models))
        let track = try Self.cpu {
            var reader = try VideoReader(input)
            while let frame = try reader.next() {
                frames += 1
                guard
                    case .success(let observation) = try tracker.observe(
                        frame.image, frame: frame.number, time: frame.time)
                else { continue }
                seen += 1
                if case .kept(let score, _) = selector.consider(Candidate(observation)) {
                    kept += Keyframe(observation, of: frame.image, score: score).crop.width > 0 ? 1 : 0
                }
                if dump != nil {
                    lines += "\(frame.number)"
                    for p in observation.face.points { lines += " \(p.x) \(p.y)" }
                    lines += "\n"
                }
            }
        }
        if let dump { try lines.write(toFile: dump, atomically: true, encoding: .utf8) }
        print("frames \(frames), with a face \(seen), keyframes taken \(kept)")
        print(
            String(format: "decode %.2f s CPU, decode, track, select %.2f s CPU: %.2f x", decode, track, track / decode)
        )
        if let other = Self.ffmpeg(source) {
            print(String(format: "ffmpeg -f null, one thread: %.2f s CPU: %.2f x", other, track / other))
        }
        print(String(format: "tracking %.2f ms a frame", (track - decode) / Double(max(frames, 1)) * 1000))
    }

    /// CPU seconds of ffmpeg's own decoding; `nil` where there is no ffmpeg.
    private static func ffmpeg(_ source: String) -> Double? {
        func children() -> Double {
            var usage = rusage()
            getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
            func seconds(_ t: timeval) -> Double { Double(t.tv_sec) + Double(t.tv_usec) / 1e6 }
            return seconds(usage.ru_utime) + seconds(usage.ru_stime)
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/ffmpeg")
        process.arguments = ["-v", "error", "-threads", "1", "-i", source, "-f", "null", "-"]
        let before = children()
        guard (try? process.run()) != nil else { return nil }
        process.waitUntilExit()
        return process.terminationStatus == 0 ? children() - before : nil
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
