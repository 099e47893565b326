import Face
import Foundation
import Pipeline
import Tensors
import Testing

/// Several sources in one process. Truth: the same sources one by one, and how each was broken.
@Suite(.ownThreads, .serialized, .enabled(if: Models.present, Models.missing)) struct DaemonTests {
    private static func run(_ yaml: String, in place: TemporaryDirectory, _ more: [String] = []) throws
        -> Program.Result
    {
        let path = place.path + "/daemon.yaml"
        try Data(yaml.utf8).write(to: URL(fileURLWithPath: path))
        return try Program.run(["run", "--config", path, "--models", Models.path] + more)
    }

    private static func digest(_ path: String) throws -> String {
        SHA256.hex(of: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    }

    @Test(.patient(minutes: 3)) func oneSourcesFailureDoesNotEndTheOthers() throws {
        let place = TemporaryDirectory()
        let result = try Self.run(
            """
            output: \(place.path)/out
            texture: {size: 256}
            sources:
              - {subject: anna, enrolled: true, source: \(Film.person)}
              - {subject: missing, enrolled: true, source: \(place.path)/nothing.mp4}
              - {subject: nobody, enrolled: true, source: \(Film.nobody)}
              - {subject: ben, enrolled: true, source: \(Film.person), texture: {size: 512}}
            """, in: place)
        // The most serious one: a missing file before an empty picture.
        #expect(result.status == 66, "\(result.errors)")
        let last = result.errors.split(separator: "\n").last ?? ""
        #expect(
            last
                == "likenessd: 2 of 4 sources failed: missing (no such file or device), nobody (no usable face was ever seen)"
        )
        #expect(result.errors.contains("no such file or device; check --source status=66 subject=missing"))
        for name in ["anna", "ben"] {
            #expect(result.output.contains("\(name): \(Film.person)\nread 90 frames"), "\(result.output)")
            #expect(result.output.contains("avatar: \(place.path)/out/\(name).glb"))
            let (file, manifest) = ("\(place.path)/out/\(name).glb", "\(place.path)/out/\(name).json")
            let read = try Avatar(glb: [UInt8](Data(contentsOf: URL(fileURLWithPath: file))))
            let published = try #require(Manifest(json: [UInt8](Data(contentsOf: URL(fileURLWithPath: manifest)))))
            #expect(read.edition == published.edition, "the file says another edition than its manifest")
        }
        // The same bits as each alone.
        for (name, size) in [("anna", 256), ("ben", 512)] {
            let alone = try Program.run([
                "run", "--source", Film.person, "--output", place.path + "/alone", "--subject", name, "--models",
                Models.path, "--set", "texture.size=\(size)",
            ])
            #expect(alone.status == 0, "\(alone.errors)")
            #expect(
                try Self.digest("\(place.path)/out/\(name).glb") == Self.digest("\(place.path)/alone/\(name).glb"),
                "\(name)")
        }
    }

    @Test func aSignalEndsAllInOrder() throws {
        let place = TemporaryDirectory()
        let yaml = """
            output: \(place.path)/out
            realTime: true
            texture: {size: 256, synthesis: false}
            sources: [{subject: anna, enrolled: true, source: \(Film.person)}, {subject: ben, enrolled: true, source: \(Film.person)}]
            """
        try Data(yaml.utf8).write(to: URL(fileURLWithPath: place.path + "/daemon.yaml"))
        let process = try Program.start(["run", "--config", place.path + "/daemon.yaml", "--models", Models.path])
        while process.isRunning, !FileManager.default.fileExists(atPath: place.path + "/out/anna.json") {
            Thread.sleep(forTimeInterval: 0.02)
        }
        kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        #expect(FileManager.default.fileExists(atPath: place.path + "/out/anna.glb"))
    }

    @Test func twoWithOneNameAreAConfigurationFault() throws {
        let place = TemporaryDirectory()
        let result = try Self.run("output: o\nsources: [{source: a.mp4}, {source: b.mp4}]\n", in: place)
        #expect(
            result.status == 78 && result.errors.contains("two sources publish 'avatar' into o"), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1)
    }

    @Test func aPictureOfTheResultIsOfOneSource() throws {
        let place = TemporaryDirectory()
        let result = try Self.run(
            "output: o\nsources: [{source: a.mp4, subject: a}, {source: b.mp4, subject: b}]\n", in: place,
            ["--sheet", "sheet.png"])
        #expect(result.status == 64 && result.errors.contains("single source"), "\(result.errors)")
    }
}

/// What needs no models. Truth: the words of `--help` and README.
@Suite(.ownThreads) struct ConfigurationCommandTests {
    @Test func checkConfigIsOneLineOrOneForEachProblem() throws {
        let place = TemporaryDirectory()
        let path = place.path + "/my.yaml"
        try Data("output: o\nsources: [{source: a.mp4}]\n".utf8).write(to: URL(fileURLWithPath: path))
        let good = try Program.run(["check-config", path])
        #expect(good.status == 0 && good.output == "\(path): no problems; 1 source (avatar)\n" && good.errors.isEmpty)
        try Data("outptu: o\nsources:\n- source: a.mp4\n  video: {width: x}\n".utf8).write(
            to: URL(fileURLWithPath: path))
        let bad = try Program.run(["check-config", path])
        #expect(bad.status == 78 && bad.output.isEmpty)
        let lines = bad.errors.split(separator: "\n")
        #expect(lines.count == 3 && lines.allSatisfy { $0.hasPrefix("\(path):") }, "\(bad.errors)")
        #expect(bad.errors.contains("\(path):1: unknown key 'outptu'; did you mean 'output'?"))
        #expect(bad.errors.contains("\(path):4: video.width is 'x': give a whole number, 0 to 7680"))
        #expect(try Program.run(["check-config", path + "x"]).status == 78)
        // A run names the first and how to see the others.
        let run = try Program.run(["run", "--config", path])
        #expect(run.status == 78 && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
        #expect(run.errors.contains("and 2 more; likenessd check-config lists a file's"), "\(run.errors)")
    }

    @Test func presetsAreCheckedToo() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: packageRoot + "/Presets") {
            let result = try Program.run(["check-config", packageRoot + "/Presets/" + name])
            #expect(
                result.status == 0 && result.output.hasSuffix("no problems; a preset (no sources)\n"),
                "\(result.errors)")
        }
    }

    @Test func printConfigNeedsNoModelsAndOpensNothing() throws {
        let result = try Program.run([
            "run", "--source", "rtsp://admin:hunter2secret@camera/", "--output", "o", "--udp", "--print-config",
        ])
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        #expect(result.output.contains("rtspTransport: udp") && result.output.contains("From --udp"))
        #expect(!result.output.contains("hunter2secret") && !result.output.contains("admin"))
    }

    @Test func withoutSourceOrOutputTheCommandLineIsWrong() throws {
        for arguments in [["run"], ["run", "--source", "a"], ["run", "--output", "b"]] {
            let result = try Program.run(arguments)
            #expect(result.status == 64 && result.errors.contains("--config"), "\(result.errors)")
        }
    }
}

/// Truth: the order of asking.
@Suite(.ownThreads) struct TurnsTests {
    private actor Log {
        private(set) var numbers: [Int] = []
        private(set) var inside = 0
        private(set) var most = 0

        func note(_ number: Int) { numbers.append(number) }

        func enter() {
            inside += 1
            most = max(most, inside)
        }

        func leave() { inside -= 1 }
    }

    @Test func oneAtATimeInTheOrderOfAsking() async {
        let turns = Turns()
        let log = Log()
        #expect(await turns.take())
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<5 {
                group.addTask {
                    guard await turns.take() else { return }
                    await log.note(number)
                    turns.give()
                }
                // Until it waits: the next is to ask later.
                try? await Task.sleep(for: .milliseconds(30))
            }
            #expect(await log.numbers.isEmpty)
            turns.give()
        }
        #expect(await log.numbers == [0, 1, 2, 3, 4])
        #expect(await turns.take())
    }

    @Test func whoeverIsCancelledDoesNotWait() async {
        let turns = Turns()
        #expect(await turns.take())
        let waiting = Task { await turns.take() }
        try? await Task.sleep(for: .milliseconds(30))
        waiting.cancel()
        #expect(await waiting.value == false)
        let late = Task {
            try? await Task.sleep(for: .seconds(60))
            return await turns.take()
        }
        late.cancel()
        #expect(await late.value == false)
        // The turn is still there for others.
        turns.give()
        #expect(await turns.take())
    }

    @Test func neverTwoAtOnce() async {
        let turns = Turns()
        let log = Log()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    guard await turns.take() else { return }
                    await log.enter()
                    await Task.yield()
                    await log.leave()
                    turns.give()
                }
            }
        }
        #expect(await log.most == 1)
    }
}
