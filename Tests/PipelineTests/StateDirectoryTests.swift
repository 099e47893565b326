import Face
import Foundation
import Pipeline
import Tensors
import Testing

/// The directory of checkpoints. Truth: what was written, how it was broken, and the files' own modes.
@Suite(.enabled(if: Models.present, Models.missing)) struct StateDirectoryTests {
    private static let model = try! HeadModelFile.load(from: Models.path)

    private static func checkpoint(_ frames: [Int], people: Int = 1) -> Checkpoint {
        var checkpoint = Checkpoint(head: "head", source: "camera")
        for p in 0..<people {
            var person = Checkpoint.Person()
            person.keyframes = frames.map { CheckpointTests.keyframe($0 + 1000 * p) }
            for keyframe in person.keyframes {
                person.selection.bins[keyframe.frame % 45].append(
                    .init(frame: keyframe.frame, time: keyframe.time, score: keyframe.score))
            }
            person.fit = CheckpointTests.fit(
                frames.map { $0 + 1000 * p }, identity: model.identityCount, expressions: model.expressions.count)
            checkpoint.people.append(person)
        }
        (checkpoint.streamSeconds, checkpoint.nextFrame) = (9, 300)
        return checkpoint
    }

    private static func load(
        _ path: String, head: String = "head", source: String = "camera"
    ) throws -> StateDirectory.Loaded {
        try StateDirectory(path: path, subject: "a").load(head: head, model: model, source: source)
    }

    private static func names(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    @Test func aCheckpointIsReadAndWhatItNoLongerNamesGoes() throws {
        let place = TemporaryDirectory()
        let path = place.path + "/state"
        do {
            let directory = try StateDirectory(path: path, subject: "a")
            try directory.write(Self.checkpoint([1, 2, 3]))
            let first = Self.names(path).filter { $0.hasPrefix("a.keyframe.") }
            #expect(first.count == 3)
            try directory.write(Self.checkpoint([2, 3, 5]))
            let second = Self.names(path).filter { $0.hasPrefix("a.keyframe.") }
            #expect(second.count == 3 && Set(first).intersection(second).count == 2)
            let error = #expect(throws: FileSystemError.self) { try StateDirectory(path: path, subject: "a") }
            #expect(error?.description.contains("another likenessd keeps the state of a there") == true)
        }
        let loaded = try Self.load(path)
        #expect(loaded.lines.isEmpty)
        let checkpoint = try #require(loaded.checkpoint)
        #expect(checkpoint.people[0].keyframes.map(\.frame) == [2, 3, 5] && checkpoint.nextFrame == 300)
        #expect(checkpoint.people[0].keyframes[0].crop == CheckpointTests.keyframe(2).crop)
        for name in Self.names(path) {
            let mode = try FileManager.default.attributesOfItem(atPath: path + "/" + name)[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(name)")
        }
        let own = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(own == 0o700)
        #expect(try Self.load(place.path + "/nothing").checkpoint == nil)
    }

    @Test func aDamagedCheckpointIsSetAsideWholeAndOnce() throws {
        let place = TemporaryDirectory()
        try StateDirectory(path: place.path, subject: "a").write(Self.checkpoint([1, 2]))
        let index = URL(fileURLWithPath: place.path + "/a.checkpoint")
        var bytes = [UInt8](try Data(contentsOf: index))
        bytes[bytes.count / 2] ^= 4
        try Data(bytes).write(to: index)
        let loaded = try Self.load(place.path)
        #expect(loaded.checkpoint == nil && loaded.lines.count == 1)
        #expect(loaded.lines.first?.contains("a.checkpoint is damaged") == true, "\(loaded.lines)")
        let aside = try #require(Self.names(place.path).first { $0.hasPrefix("a.damaged-") })
        #expect(Self.names(place.path + "/" + aside).count == 3, "the checkpoint and two keyframes")
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(place.path)/\(aside)/a.checkpoint")) == Data(bytes))
        let again = try Self.load(place.path)
        #expect(again.checkpoint == nil && again.lines.isEmpty)
    }

    @Test func aDamagedKeyframeIsLeftOutAndTheRestGoesOn() throws {
        let place = TemporaryDirectory()
        try StateDirectory(path: place.path, subject: "a").write(Self.checkpoint([1, 2, 3]))
        let two = SealedFile.digest(of: KeyframeFile.encoded(CheckpointTests.keyframe(2)))
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: "\(place.path)/a.keyframe.\(two)"))
        let loaded = try Self.load(place.path)
        #expect(loaded.lines.count == 1 && loaded.lines[0].contains(two), "\(loaded.lines)")
        let person = try #require(loaded.checkpoint?.people.first)
        #expect(person.keyframes.map(\.frame) == [1, 3])
        #expect(person.selection.bins.joined().map(\.frame).sorted() == [1, 3])
    }

    @Test func anotherModelOrSourceOrVersionIsSetAsideWithItsReason() throws {
        let place = TemporaryDirectory()
        for (head, source, says) in [
            ("other", "camera", "another head model"), ("head", "rtsp://x", "another source (camera)"),
        ] {
            try StateDirectory(path: place.path, subject: "a").write(Self.checkpoint([1]))
            let loaded = try Self.load(place.path, head: head, source: source)
            #expect(loaded.checkpoint == nil && loaded.lines.count == 1)
            #expect(loaded.lines.first?.contains(says) == true, "\(loaded.lines)")
        }
        for round in 0..<4 {
            var newer = SealedFile.begin(CheckpointIndex.magic, version: 9)
            newer.put("\(round)")
            try Data(SealedFile.sealed(newer)).write(to: URL(fileURLWithPath: place.path + "/a.checkpoint"))
            #expect(try Self.load(place.path).lines.first?.contains("newer likenessd") == true)
        }
        // The latest three are kept.
        #expect(Self.names(place.path).filter { $0.hasPrefix("a.damaged-") }.count == 3)
    }

    @Test func aKilledWriteLeavesNothingBehind() throws {
        let place = TemporaryDirectory()
        try StateDirectory(path: place.path, subject: "a").write(Self.checkpoint([1]))
        for name in [".a.checkpoint.77.partial", "a.keyframe.\(String(repeating: "0", count: 32))"] {
            try Data([1]).write(to: URL(fileURLWithPath: place.path + "/" + name))
        }
        let directory = try StateDirectory(path: place.path, subject: "a")
        let loaded = try directory.load(head: "head", model: Self.model, source: "camera")
        #expect(loaded.checkpoint != nil && loaded.lines.isEmpty)
        try directory.write(try #require(loaded.checkpoint))
        #expect(Self.names(place.path).count == 3, "lock, checkpoint, one keyframe: \(Self.names(place.path))")
    }
}
