internal import Foundation

/// `/api/status`: what every source and subject is about, for programs and for the page. Members are added, never changed.
struct StatusDocument: Encodable {
    struct Hint: Encodable {
        var code: String
        var text: String
        /// 0...1.
        var progress: Double
    }

    struct Frames: Encodable {
        var read: Int
        var dropped: Int
        var observed: Int
        var withoutFace: Int
        /// That became keyframes.
        var used: Int
        var rejected: [String: Int]
    }

    struct Subject: Encodable {
        var name: String
        /// Redacted.
        var source: String
        /// `SourceState.name`.
        var state: String
        var streamSeconds: Double
        var reconnects: Int
        var frames: Frames
        /// Now kept, in all and by direction: from the person's right to left, `yawStepDegrees` apart, the middle one ahead.
        var keyframes: Int
        var keyframesByYaw: [Int]
        var yawStepDegrees = 10
        /// Of the newest avatar, published or not; absent before there is one.
        var coverage: Double?
        var deviationMillimetres: Double?
        /// Octave and part that are being synthesized.
        var synthesizing: String?
        var hint: Hint
        /// The newest edition; absent before there is one.
        var published: Manifest?
        var hasMotion: Bool
        var hasControls: Bool
    }

    /// Of this document's layout.
    var version = 1
    var generator = Version.text
    var subjects: [Subject]

    func json() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A tree of strings and finite numbers always encodes.
        return Array((try? encoder.encode(self)) ?? Data()) + [UInt8(ascii: "\n")]
    }
}

extension StatusDocument.Subject {
    init(
        name: String, of subject: PublishedSubject, now c: Counters, before: Counters, published: Manifest?,
        hasControls: Bool
    ) {
        self.name = name
        source = subject.source
        state = c.source.name
        streamSeconds = c.streamTime
        reconnects = c.reconnects
        frames = .init(
            read: c.framesRead, dropped: c.framesDropped, observed: c.framesObserved,
            withoutFace: c.framesWithoutFace, used: c.keyframesKept, rejected: c.rejections)
        keyframes = c.keyframes
        keyframesByYaw = c.keyframesPerYawBin
        coverage = c.coverage
        deviationMillimetres = c.fitDeviation.flatMap { $0.isFinite ? $0 : nil }
        synthesizing = c.synthesizing
        let guidance = Guidance(now: c, before: before)
        hint = .init(code: guidance.hint.rawValue, text: guidance.hint.text, progress: guidance.progress)
        self.published = published
        hasMotion = subject.motion != nil
        self.hasControls = hasControls && subject.control != nil
    }
}
