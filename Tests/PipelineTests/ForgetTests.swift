import Face
import Foundation
import Pipeline
import Tensors
import Testing

/// `likenessd forget` after the real program has done all that it can for somebody. Truth: a search for the name and for the
/// person's pictures through everything that is left.
@Suite(.ownThreads, .serialized, .enabled(if: Models.present, Models.missing)) struct ForgetTests {
    /// Every file below, with its contents.
    private static func files(_ path: String) -> [(path: String, bytes: Data)] {
        let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return names.sorted().map { ($0, (try? Data(contentsOf: URL(fileURLWithPath: "\(path)/\($0)"))) ?? Data()) }
    }

    @Test(.patient(minutes: 3)) func nothingRemains() throws {
        let place = TemporaryDirectory()
        let (output, state) = (place.path + "/out", place.path + "/elsewhere")
        let preset = place.path + "/p.yaml"
        try Data("texture: {size: 256}\npublication: {confidenceMap: true, minimumIntervalSeconds: 0.5}".utf8)
            .write(to: URL(fileURLWithPath: preset))
        func run(_ subject: String) throws {
            let run = try Program.run([
                "run", "--source", Film.person, "--output", output, "--subject", subject, "--models", Models.path,
                "--state", state, "--preset", preset, "--motion", "\(place.path)/\(subject).jsonl", "--sheet",
                "\(place.path)/\(subject).png",
            ])
            #expect(run.status == 0, "\(run.errors)")
        }
        for subject in ["zebra", "zebra-2", "zebrafish"] { try run(subject) }
        let pause = try Program.run(["pause", "zebra", "--output", output])
        #expect(pause.status == 0, "\(pause.errors)")
        // What kills and damage leave.
        let planted = [
            "\(output)/.zebra.glb.12.partial", "\(output)/.zebra.json.12.partial", "\(output)/zebra.000099.json",
            "\(state)/.zebra.checkpoint.12.partial", "\(state)/zebra.keyframe.\(String(repeating: "0", count: 32))",
            "\(state)/zebra.damaged-20260101T000000Z/zebra.checkpoint",
        ]
        try FileManager.default.createDirectory(
            atPath: "\(state)/zebra.damaged-20260101T000000Z", withIntermediateDirectories: false)
        for path in planted { try Data("of zebra".utf8).write(to: URL(fileURLWithPath: path)) }
        let before = Self.files(place.path)
        #expect(before.contains { $0.path == "elsewhere/zebra.paused" } && before.contains { $0.path == "zebra.jsonl" })
        let others = before.filter { $0.path.contains("zebrafish") }
        #expect(others.count > 6)

        // A run has the files in hand.
        do {
            let held = try AvatarDirectory(path: output, subject: "zebra-2", keep: 3)
            let refused = try Program.run(["forget", "zebra", "--output", output])
            #expect(refused.status == 73 && refused.errors.contains("stop that one first"), "\(refused.errors)")
            #expect(refused.errors.split(separator: "\n").count == 1)
            #expect(held.current != nil)
        }
        let untouched = Self.files(place.path).map(\.path) == before.map(\.path)
        #expect(untouched, "a refusal removes nothing")

        // The place of the state is noted: it need not be told.
        let forgotten = try Program.run(["forget", "zebra", "--output", output])
        #expect(forgotten.status == 0, "\(forgotten.errors)")
        let after = Self.files(place.path)
        for file in after where !file.path.contains("zebrafish") {
            #expect(!file.path.contains("zebra"), "\(file.path) is left")
            #expect(file.bytes.range(of: Data("zebra".utf8)) == nil, "\(file.path) tells of zebra")
        }
        // Somebody else of a similar name has lost nothing.
        let still = after.filter { $0.path.contains("zebrafish") }
        #expect(still.map(\.path) == others.map(\.path) && still.map(\.bytes) == others.map(\.bytes))
        let again = try Program.run(["forget", "zebra", "--output", output])
        #expect(again.status == 0 && again.output.contains("nothing of zebra"), "\(again.output)")
        #expect(Self.files(place.path).map(\.path) == after.map(\.path))
    }

    /// Two people of one run: each can be forgotten without the other.
    @Test func oneOfTwoPeopleOfACheckpoint() throws {
        let place = TemporaryDirectory()
        let model = try HeadModelFile.load(from: Models.path)
        let (output, state) = (place.path, place.path + "/.likeness-state")
        var checkpoint = Checkpoint(head: "head", source: "camera")
        for p in 0..<2 {
            var person = Checkpoint.Person()
            person.keyframes = [CheckpointTests.keyframe(10 * p + 1), CheckpointTests.keyframe(10 * p + 2)]
            for keyframe in person.keyframes {
                person.selection.bins[p].append(.init(frame: keyframe.frame, time: keyframe.time, score: 0.5))
            }
            checkpoint.people.append(person)
        }
        func load() throws -> [[Int]]? {
            try StateDirectory(path: state, subject: "a").load(head: "head", model: model, source: "camera")
                .checkpoint?.people.map { $0.keyframes.map(\.frame) }
        }
        func pictures() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: state).count { $0.contains(".keyframe.") }
        }
        try StateDirectory(path: state, subject: "a").write(checkpoint)
        _ = try Forgetting(subject: "a-2", output: output, state: nil, only: false)
        #expect(try load() == [[1, 2], []] && pictures() == 2)
        try StateDirectory(path: state, subject: "a").write(checkpoint)
        _ = try Forgetting(subject: "a", output: output, state: nil, only: true)
        #expect(try load() == [[], [11, 12]] && pictures() == 2)
        _ = try Forgetting(subject: "a-2", output: output, state: nil, only: true)
        #expect(!FileManager.default.fileExists(atPath: state + "/a.checkpoint"))
        #expect(try !FileManager.default.fileExists(atPath: state) || pictures() == 0)
    }
}
