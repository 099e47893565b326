import Face
import Foundation
import Pipeline
import Tensors
import Testing

/// What the real program does when the source, the disk or the models are not as they should be, and when it is stopped
/// or killed. Truth: how each was broken, and the files' own digests.
@Suite(.ownThreads, .serialized, .enabled(if: Models.present, Models.missing)) struct FaultTests {
    private static func run(_ source: String, to output: String, _ more: [String] = []) throws -> Program.Result {
        try Program.run(["run", "--source", source, "--output", output, "--models", Models.path] + more)
    }

    /// Every published name is a whole file, and the manifest names one.
    /// - Returns: the newest edition, 0 for none.
    @discardableResult
    static func checkPublished(_ output: String, _ when: String) throws -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
        for name in names where name.hasSuffix(".glb") && !name.hasPrefix(".") {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(output)/\(name)")))
            #expect((try? Avatar(glb: bytes)) != nil, "\(name) is not a whole avatar \(when)")
        }
        guard let json = try? Data(contentsOf: URL(fileURLWithPath: "\(output)/avatar.json")) else { return 0 }
        let manifest = try #require(Manifest(json: [UInt8](json)), "half a manifest \(when)")
        let named = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(output)/\(manifest.file)")))
        #expect(SHA256.hex(of: named) == manifest.sha256, "the manifest's file is another \(when)")
        return manifest.edition
    }

    /// A preset that publishes as often as it can.
    private static func eager(in place: TemporaryDirectory) throws -> String {
        let path = place.path + "/eager.yaml"
        let text =
            "texture: {intervalSeconds: 0.1, size: 256}\npublication: {minimumIntervalSeconds: 0, minimumGain: 0, keep: 3}"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test(.patient(minutes: 5)) func aRunKilledAtAnyMomentLeavesOnlyCompleteFiles() throws {
        let place = TemporaryDirectory()
        let (output, preset) = (place.path + "/out", try Self.eager(in: place))
        var editions: Set<Int> = []
        var killed = 0
        for round in 0..<24 {
            let process = try Program.start([
                "run", "--source", Film.person, "--output", output, "--models", Models.path, "--preset", preset,
            ])
            // However busy the machine is, some runs get as far as an edition.
            let end = ContinuousClock.now + .seconds(30 * Patience.times)
            while round % 4 == 1, process.isRunning, ContinuousClock.now < end,
                !FileManager.default.fileExists(atPath: output + "/avatar.json")
            {
                Thread.sleep(forTimeInterval: 0.02)
            }
            Thread.sleep(forTimeInterval: Double(Patience.times) * Double.random(in: 0.2...3.2))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            if process.terminationReason == .uncaughtSignal { killed += 1 }
            editions.insert(try Self.checkPublished(output, "after round \(round)"))
            // What was published is better than what the next run begins with: let it publish from nothing again.
            if round % 4 == 3 { try? FileManager.default.removeItem(atPath: output) }
        }
        print("killed \(killed) of 24 runs; editions found: \(editions.sorted())")
        #expect(killed >= 8 && editions.contains { $0 > 0 })
    }

    @Test(.patient(minutes: 2), arguments: [1, 2]) func beingAskedToEndPublishesTheLastAvatar(times: Int) throws {
        let place = TemporaryDirectory()
        let output = place.path + "/out"
        let start = ContinuousClock.now
        let process = try Program.start([
            "run", "--source", Film.person, "--output", output, "--models", Models.path, "--real-time",
        ])
        // Until the first avatar is there, so that it has begun to listen.
        while process.isRunning, !FileManager.default.fileExists(atPath: output + "/avatar.json") {
            Thread.sleep(forTimeInterval: 0.02)
        }
        let playing = ContinuousClock.now - start < .seconds(2.5)
        // `timeout` and terminals give it twice at once.
        for _ in 0..<times { kill(process.processIdentifier, SIGTERM) }
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        #expect(try Self.checkPublished(output, "after SIGTERM") >= 1)
        if playing { #expect(ContinuousClock.now - start < .seconds(20 * Patience.times)) }
    }

    @Test func aFullDiskIsOneLineAndLeavesWhatWasThere() throws {
        let place = TemporaryDirectory()
        let output = place.path + "/small"
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        // Room for one avatar under two names, not for the second edition.
        guard try SmallDisk.mount(at: output, megabytes: 7) else {
            print("no right to mount a small disk: the full disk was not tried")
            return
        }
        defer { SmallDisk.unmount(output) }
        let result = try Self.run(Film.person, to: output, ["--preset", try Self.eager(in: place)])
        #expect(result.status == 73, "\(result.errors)")
        let last = result.errors.split(separator: "\n").last ?? ""
        #expect(last.contains("No space left") && last.contains("free some space"), "\(result.errors)")
        try Self.checkPublished(output, "on a full disk")
        let left = try FileManager.default.contentsOfDirectory(atPath: output)
        #expect(!left.contains { $0.hasSuffix(".partial") }, "\(left)")
    }

    @Test func nobodyInTheFilm() throws {
        let place = TemporaryDirectory()
        let result = try Self.run(Film.nobody, to: place.path + "/out")
        #expect(result.status == 3 && result.errors.contains("no face in any of 60 frames"), "\(result.errors)")
        #expect(try Self.checkPublished(place.path + "/out", "without a face") == 0)
    }

    @Test func aFaceThatIsTooSmall() throws {
        let place = TemporaryDirectory()
        let result = try Self.run(Film.farAway, to: place.path + "/out")
        #expect(result.status == 3, "\(result.errors)")
        #expect(result.errors.contains("too small") && result.errors.contains("come nearer"), "\(result.errors)")
        #expect(try Self.checkPublished(place.path + "/out", "with a small face") == 0)
    }

    @Test func aTruncatedRecording() throws {
        let place = TemporaryDirectory()
        let whole = try Data(contentsOf: URL(fileURLWithPath: Film.person))
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: place.path + "/cut.mp4"))
        let result = try Self.run(place.path + "/cut.mp4", to: place.path + "/out")
        #expect(result.status == 65 && result.errors.contains("cut.mp4"), "\(result.errors)")
        // Beside the status of every ten seconds, on a slow machine.
        #expect(result.errors.split(separator: "\n").count { !$0.contains(" info ") } == 1, "\(result.errors)")
    }

    @Test func aStreamWithDamagedPacketsStillGivesAnAvatar() throws {
        let place = TemporaryDirectory()
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Film.transportStream)))
        for at in stride(from: bytes.count / 3, to: bytes.count / 2, by: 997) { bytes[at] ^= 0x5A }
        try Data(bytes.prefix(bytes.count * 4 / 5)).write(to: URL(fileURLWithPath: place.path + "/bad.ts"))
        let result = try Self.run(place.path + "/bad.ts", to: place.path + "/out")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("damaged"), "\(result.output)")
        #expect(try Self.checkPublished(place.path + "/out", "from a damaged stream") >= 1)
    }

    @Test func aFilmOnStandardInput() throws {
        let place = TemporaryDirectory()
        let film = try #require(FileHandle(forReadingAtPath: Film.transportStream))
        let result = try Program.run(
            ["run", "--source", "-", "--output", place.path + "/out", "--models", Models.path, "--until-end"],
            input: film)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("read 90 frames"), "\(result.output)")
        #expect(try Self.checkPublished(place.path + "/out", "from standard input") >= 1)
    }

    /// The same film gives the same files, whatever the threads do.
    @Test func theSameFilmGivesTheSameAvatars() throws {
        let place = TemporaryDirectory()
        func digests(_ name: String) throws -> [String: String] {
            let output = place.path + "/" + name
            let result = try Self.run(Film.person, to: output)
            #expect(result.status == 0, "\(result.errors)")
            let files = try FileManager.default.contentsOfDirectory(atPath: output).filter { $0.hasSuffix(".glb") }
            return Dictionary(
                uniqueKeysWithValues: try files.map {
                    ($0, SHA256.hex(of: [UInt8](try Data(contentsOf: URL(fileURLWithPath: output + "/" + $0)))))
                })
        }
        let first = try digests("first")
        #expect(first.count >= 2)
        #expect(try digests("second") == first)
    }

    @Test func aModelThatIsNotTheOneItShouldBe() throws {
        let place = TemporaryDirectory()
        for name in try FileManager.default.contentsOfDirectory(atPath: Models.path) {
            try FileManager.default.createSymbolicLink(
                atPath: place.path + "/" + name, withDestinationPath: Models.path + "/" + name)
        }
        let changed = place.path + "/face_landmark.tflite"
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: changed)))
        bytes[bytes.count / 2] ^= 1
        try FileManager.default.removeItem(atPath: changed)
        try Data(bytes).write(to: URL(fileURLWithPath: changed))
        let result = try Program.run([
            "run", "--source", Film.nobody, "--output", place.path + "/out", "--models", place.path,
        ])
        #expect(result.status == 78, "\(result.errors)")
        #expect(result.errors.contains("face_landmark.tflite") && result.errors.contains("set-up"), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    }
}

/// A file system of a few megabytes, where the tests may mount one.
enum SmallDisk {
    static func mount(at path: String, megabytes: Int) throws -> Bool {
        try call("/usr/bin/mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path])
    }

    static func unmount(_ path: String) { _ = try? call("/usr/bin/umount", [path]) }

    private static func call(_ program: String, _ arguments: [String]) throws -> Bool {
        guard FileManager.default.isExecutableFile(atPath: program) else { return false }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
