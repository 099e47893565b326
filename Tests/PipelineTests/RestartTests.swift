import Face
import Foundation
import Logging
import Pipeline
import Synchronization
import Tensors
import Testing
import Video

/// The real program, ended in one way or another and started again. Truth: what it published and kept before.
@Suite(.ownThreads, .serialized, .enabled(if: Models.present, Models.missing)) struct RestartTests {
    private static func manifest(_ output: String) -> Manifest? {
        (try? Data(contentsOf: URL(fileURLWithPath: output + "/avatar.json"))).flatMap { Manifest(json: [UInt8]($0)) }
    }

    private static func until(_ seconds: Double, _ condition: () -> Bool) -> Bool {
        let end = ContinuousClock.now + .seconds(seconds * Double(Patience.times))
        while ContinuousClock.now < end {
            if condition() { return true }
            Thread.sleep(forTimeInterval: 0.02)
        }
        return condition()
    }

    /// `likenessd bench kills` does the same some hundred times.
    @Test(.patient(minutes: 5)) func killsLoseNothing() throws {
        let place = TemporaryDirectory()
        let bench = try Program.run([
            "bench", "kills", "--source", Film.person, "--directory", place.path + "/kills", "--count", "6",
            "--longest", "\(3 * Patience.times)", "--patience", "\(30 * Patience.times)", "--renew", "100", "--models",
            Models.path,
        ])
        #expect(bench.status == 0, "\(bench.output)")
        #expect(bench.output.contains("of 6 runs") && bench.output.contains("; 0 rounds with"), "\(bench.output)")
        let found = bench.output.firstMatch(of: /found after (\d+), a new edition after (\d+)/)
        #expect(Int(found?.1 ?? "0") ?? 0 >= 2 && Int(found?.2 ?? "0") ?? 0 >= 1, "\(bench.output)")
        print(bench.output)
    }

    @Test(.patient(minutes: 3)) func aSecondRunGoesOnAndPublishesNothingWorse() throws {
        let place = TemporaryDirectory()
        let (output, state) = (place.path + "/out", place.path + "/state")
        let arguments = [
            "run", "--source", Film.person, "--output", output, "--state", state, "--models", Models.path,
        ]
        let first = try Program.run(arguments)
        #expect(first.status == 0 && !first.errors.contains("resumed"), "\(first.errors)")
        let kept = try #require(first.output.firstMatch(of: /kept (\d+) keyframes/).flatMap { Int($0.1) })
        let published = try #require(Self.manifest(output))
        let second = try Program.run(arguments)
        #expect(second.status == 0 && second.errors.contains("resumed keyframes=\(kept) "), "\(second.errors)")
        #expect(second.output.firstMatch(of: /kept (\d+) keyframes/).flatMap { Int($0.1) } ?? 0 >= kept)
        let now = try #require(Self.manifest(output))
        #expect(now.edition >= published.edition && now.quality.score >= published.quality.score)
        // The same film has hardly anything new to it.
        #expect(now.quality.coverage >= published.quality.coverage - 0.01)
        // And without being asked to, a file keeps nothing.
        let plain = try Program.run([
            "run", "--source", Film.person, "--output", place.path + "/plain", "--models", Models.path,
        ])
        #expect(plain.status == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: place.path + "/plain")
        #expect(!names.contains(".likeness-state"))
    }

    @Test(.patient(minutes: 2)) func aPauseOutlivesTheProcess() throws {
        let place = TemporaryDirectory()
        let (output, state) = (place.path + "/out", place.path + "/state")
        func command(_ name: String) throws {
            let done = try Program.run([name, "avatar", "--output", output, "--state", state])
            #expect(done.status == 0, "\(done.errors)")
        }
        let arguments = [
            "run", "--source", Film.person, "--output", output, "--state", state, "--models", Models.path,
        ]
        try command("pause")
        // Killed while it waits, and started again: still closed.
        for _ in 0..<2 {
            let process = try Program.start(arguments)
            #expect(!Self.until(2.5) { !process.isRunning || Self.manifest(output) != nil }, "it did not wait")
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        let process = try Program.start(arguments)
        Thread.sleep(forTimeInterval: 1)
        #expect(process.isRunning)
        try command("resume")
        process.waitUntilExit()
        #expect(process.terminationStatus == 0 && Self.manifest(output) != nil)
    }

    @Test(.patient(minutes: 2)) func signalsPauseAndResume() throws {
        let place = TemporaryDirectory()
        let (output, state) = (place.path + "/out", place.path + "/state")
        let start = ContinuousClock.now
        let process = try Program.start([
            "run", "--source", Film.long, "--output", output, "--state", state, "--models", Models.path,
            "--real-time",
        ])
        #expect(Self.until(60) { Self.manifest(output) != nil || !process.isRunning })
        kill(process.processIdentifier, SIGUSR1)
        let marker = state + "/avatar.paused"
        #expect(Self.until(5) { FileManager.default.fileExists(atPath: marker) }, "no mark of the pause")
        // A film of twelve seconds would be over.
        #expect(!Self.until(18 - (ContinuousClock.now - start) / .seconds(1)) { !process.isRunning }, "it went on")
        kill(process.processIdentifier, SIGUSR2)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0 && !FileManager.default.fileExists(atPath: marker))
    }

    @Test(.patient(minutes: 1)) func nobodyIsCapturedUnasked() async throws {
        let place = TemporaryDirectory()
        var settings = RunSettings(
            source: .file(path: Film.person), output: place.path, subject: "avatar", untilEnd: false, realTime: false)
        settings.isEnrolled = false
        let report = Report()
        let pipeline = Pipeline(
            settings: settings, configuration: Configuration(),
            models: try LoadedModels(directory: Models.path, texture: Configuration().texture), report: report,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let stop = StopSignal()
        Task {
            for _ in 0..<400 * Patience.times where report.now.closed != .notEnrolled {
                try? await Task.sleep(for: .milliseconds(50))
            }
            // Time enough to read some frames, were it to.
            try? await Task.sleep(for: .seconds(1.5))
            #expect(report.now.closed == .notEnrolled)
            #expect(StatusLine.text(report.now).contains("waiting for enrolment"))
            stop.give()
        }
        let finished = try await pipeline.run(stop: stop)
        #expect(finished == nil && report.now.framesRead == 0)
        #expect(place.names == [".avatar.lock"])
    }

    @Test(.patient(minutes: 2)) func aFullDiskUnderTheStateStopsNothing() throws {
        let place = TemporaryDirectory()
        let (output, state) = (place.path + "/out", place.path + "/state")
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        // Room for no keyframe.
        guard try SmallDisk.mount(at: state, megabytes: 1) else {
            print("no right to mount a small disk: a full state directory was not tried")
            return
        }
        defer { SmallDisk.unmount(state) }
        try Data(count: 900_000).write(to: URL(fileURLWithPath: state + "/ballast"))
        let arguments = [
            "run", "--source", Film.person, "--output", output, "--state", state, "--models", Models.path,
        ]
        let full = try Program.run(arguments)
        #expect(full.status == 0 && Self.manifest(output) != nil, "\(full.errors)")
        #expect(full.errors.components(separatedBy: "no checkpoint: ").count == 2, "\(full.errors)")
        #expect(full.errors.contains("No space left"))
        let names = try FileManager.default.contentsOfDirectory(atPath: state)
        #expect(!names.contains { $0.hasSuffix(".partial") || $0 == "avatar.checkpoint" }, "\(names)")
        // The next run begins anew, with nothing to say about it.
        let next = try Program.run(arguments)
        #expect(next.status == 0 && !next.errors.contains("damaged"), "\(next.errors)")
    }

    /// A state directory that cannot be used is found out before the source is opened.
    @Test(.patient(minutes: 1)) func aStateDirectoryThatCannotBeMade() throws {
        let place = TemporaryDirectory()
        let run = try Program.run([
            "run", "--source", Film.person, "--output", place.path + "/out", "--state", "/dev/null/state", "--models",
            Models.path,
        ])
        #expect(run.status == 73 && run.errors.contains("/dev/null/state"), "\(run.errors)")
        #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
}
