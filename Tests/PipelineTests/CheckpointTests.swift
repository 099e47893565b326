import Face
import Foundation
import Pipeline
import Tensors
import Testing
import Video

/// Files of the state by themselves. Truth: what was written, and the claim that anything else is refused.
@Suite(.ownThreads) struct CheckpointTests {
    static func keyframe(_ frame: Int, width: Int = 6, height: Int = 5) -> Keyframe {
        var crop = Image(width: width, height: height, channels: 3)
        for i in crop.bytes.indices { crop.bytes[i] = UInt8(truncatingIfNeeded: i &* 37 &+ frame) }
        return Keyframe(
            frame: frame, time: Double(frame) / 30, imageWidth: 64, imageHeight: 48,
            landmarks: (0..<468).map { SIMD2(Float($0) / 8 + 0.125, Float($0 % 48)) }, crop: crop,
            cropOrigin: [10, 20], sharpness: 1.5, score: 0.75)
    }

    static func fit(_ frames: [Int], identity: Int = 3, expressions: Int = 4) -> ShapeFit {
        ShapeFit(
            revision: 7, identity: (0..<identity).map { Double($0) - 0.3 },
            deviation: ShapeDeviation(
                surface: 1.25, size: .infinity, coefficients: [0.5, 0.25], points: [1, 2], atPoints: [0.1, 0.2]),
            focal: 912.5,
            views: frames.map {
                ShapeFit.View(
                    frame: $0, pose: Pose(yaw: 0.1, pitch: -0.2, roll: 0.05, translation: [0.01, 0.02, 0.6]),
                    expression: [Double](repeating: 0.25, count: expressions), residual: 1.5)
            })
    }

    private static func selection(_ frames: [Int]) -> KeyframeSelector.State {
        var state = KeyframeSelector().state
        for frame in frames {
            state.bins[frame % state.bins.count].append(.init(frame: frame, time: Double(frame) / 30, score: 0.75))
        }
        state.sharpest = 1.75
        return state
    }

    private static var index: CheckpointIndex {
        var person = CheckpointIndex.Entry(selection: selection([3, 9]), fit: fit([3, 9]), isDense: true)
        person.keyframes = [(3, String(repeating: "0a", count: 16)), (9, String(repeating: "f1", count: 16))]
        person.synthesis = (String(repeating: "77", count: 16), 0.625)
        return CheckpointIndex(
            head: "abc", source: "rtsp://camera/1", streamSeconds: 12.5, nextFrame: 380,
            people: [person, CheckpointIndex.Entry(selection: KeyframeSelector().state)])
    }

    private static var synthesis: TextureSynthesizer.State {
        let size = 64
        return TextureSynthesizer.State(
            detail: DetailMap(
                size: size, values: (0..<size * size).map { Float($0 % 512) / 1024 - 0.25 },
                seen: [Float](repeating: 0, count: size * size)),
            sharpSize: 64, regionWeights: [[0.25, 0.75], [0.5, 0.5]], regionResiduals: [0.1, 0.2],
            weights: [0.375, 0.625], residual: 0.15, effectiveFaces: 1.9, unresolved: 0.5)
    }

    enum Kind: String, CaseIterable, Sendable { case index, keyframe, synthesis }

    private static func file(_ kind: Kind) -> [UInt8] {
        switch kind {
        case .index: index.encoded()
        case .keyframe: KeyframeFile.encoded(keyframe(3))
        case .synthesis: SynthesisFile.encoded(synthesis)
        }
    }

    /// Reads a file, and writes what was read.
    private static func again(_ kind: Kind, _ bytes: [UInt8]) throws(StateFault) -> [UInt8] {
        switch kind {
        case .index: try CheckpointIndex(bytes: bytes).encoded()
        case .keyframe: KeyframeFile.encoded(try KeyframeFile.keyframe(bytes: bytes))
        case .synthesis: SynthesisFile.encoded(try SynthesisFile.state(bytes: bytes))
        }
    }

    @Test func whatIsWrittenIsRead() throws {
        for kind in Kind.allCases { #expect(try Self.again(kind, Self.file(kind)) == Self.file(kind), "\(kind)") }
        let read = try KeyframeFile.keyframe(bytes: Self.file(.keyframe))
        let wrote = Self.keyframe(3)
        #expect(read.crop == wrote.crop && read.landmarks == wrote.landmarks && read.cropOrigin == wrote.cropOrigin)
        #expect(read.time == wrote.time && read.imageWidth == 64 && read.score == 0.75 && read.sharpness == 1.5)
        let index = try CheckpointIndex(bytes: Self.file(.index))
        #expect(index.people.count == 2 && index.people[0].isDense && index.people[1].fit == nil)
        #expect(index.people[0].fit?.deviation.size == .infinity && index.people[0].fit?.views.count == 2)
        #expect(index.people[0].selection == Self.selection([3, 9]) && index.source == "rtsp://camera/1")
        #expect(try SynthesisFile.state(bytes: Self.file(.synthesis)).detail.values == Self.synthesis.detail.values)
    }

    @Test(arguments: Kind.allCases) func everyChangedBitIsFound(kind: Kind) {
        let whole = Self.file(kind)
        // Of large files every seventh byte, the heads and digests whole.
        for at in whole.indices where at < 200 || at > whole.count - 200 || at % 7 == 0 {
            var bytes = whole
            bytes[at] ^= 1 << UInt8(at % 8)
            #expect(throws: StateFault.self, "byte \(at)") { try Self.again(kind, bytes) }
        }
    }

    @Test(arguments: Kind.allCases) func everyTruncationIsFound(kind: Kind) {
        let whole = Self.file(kind)
        for length in 0..<whole.count where length < 400 || length > whole.count - 100 || length % 11 == 0 {
            #expect(throws: StateFault.self, "\(length) bytes") { try Self.again(kind, Array(whole.prefix(length))) }
        }
        #expect(throws: StateFault.self) { try Self.again(kind, whole + [0]) }
    }

    @Test func otherVersionsSayWhichTheyAre() {
        var newer = SealedFile.begin(CheckpointIndex.magic, version: CheckpointIndex.version + 1)
        newer.put("anything")
        let error = #expect(throws: StateFault.self) { try CheckpointIndex(bytes: SealedFile.sealed(newer)) }
        #expect(error == .version(CheckpointIndex.version + 1))
        #expect(error?.description.contains("newer likenessd") == true)
        let older = SealedFile.begin(CheckpointIndex.magic, version: 0)
        let other = #expect(throws: StateFault.self) { try CheckpointIndex(bytes: SealedFile.sealed(older)) }
        #expect(other?.description.contains("older likenessd") == true)
        let foreign = #expect(throws: StateFault.self) { try CheckpointIndex(bytes: Self.file(.keyframe)) }
        #expect(foreign == .foreign)
    }

    /// Whoever can write the file can also write the digest. Truth: nothing traps, and what is believed can be written again.
    @Test(arguments: Kind.allCases) func wrongNumbersUnderARightDigestAreNoHarm(kind: Kind) throws {
        let body = Array(Self.file(kind).dropLast(32))
        var generator = SeededRandom(state: 11)
        var believed = 0
        for _ in 0..<1500 {
            var bytes = body
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let at = Int.random(in: 12..<min(bytes.count - 8, 4000), using: &generator)
                // Single bytes, and the integers that parsers fall over.
                let value: UInt32? = [nil, 0, .max, 0x7fff_ffff, 0x8000_0000].randomElement(using: &generator)!
                if let value {
                    for i in 0..<4 { bytes[at + i] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(i))) }
                } else {
                    bytes[at] = UInt8.random(in: 0...255, using: &generator)
                }
            }
            var out = LittleEndianWriter(bytes)
            out.bytes = bytes
            guard let read = try? Self.again(kind, SealedFile.sealed(out)) else { continue }
            believed += 1
            #expect(try Self.again(kind, read) == read)
        }
        #expect(believed > 0, "the digest was not right")
    }

    /// The estimator itself as the truth: one that ran through, and one that a file stood between.
    @Test(.enabled(if: Models.present, Models.missing)) func aResumedFitIsTheSame() throws {
        let model = try HeadModelFile.load(from: Models.path)
        let keyframes = try Keyframes.selected(from: .file(path: Film.person), models: Models.path)
        try #require(keyframes.count >= 4)
        for first in [keyframes.count / 2, keyframes.count] {
            var through = ShapeEstimator(model: model)
            let before = through.absorb(keyframes: Array(keyframes.prefix(first)))
            let expected = through.absorb(keyframes: keyframes)

            var entry = CheckpointIndex.Entry(selection: KeyframeSelector().state)
            var another = ShapeEstimator(model: model)
            entry.fit = another.absorb(keyframes: Array(keyframes.prefix(first)))
            #expect(entry.fit?.identity == before.identity)
            entry.isDense = another.isDense
            let file = CheckpointIndex(head: "", source: "", streamSeconds: 0, nextFrame: 0, people: [entry])
            let read = try CheckpointIndex(bytes: file.encoded()).people[0]
            let pictures = try keyframes.map { try KeyframeFile.keyframe(bytes: KeyframeFile.encoded($0)) }
            var resumed = ShapeEstimator(model: model)
            resumed.resume(from: try #require(read.fit), isDense: read.isDense)
            let found = resumed.absorb(keyframes: pictures)
            // To the last bit: nothing is left out and nothing is rounded.
            #expect(found.identity == expected.identity && found.focal == expected.focal)
            #expect(found.revision == expected.revision && found.deviation.surface == expected.deviation.surface)
            #expect(found.views.map(\.pose) == expected.views.map(\.pose))
        }
    }
}

/// xorshift64*.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 2_685_821_657_736_338_717
    }
}
