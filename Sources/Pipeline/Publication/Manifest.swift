internal import Foundation

/// The commit marker of a publication, renamed into place last: what the stable file is and how good it is.
package struct Manifest: Codable, Sendable, Equatable {
    /// Of this file's layout.
    package var version = 1
    package var subject: String
    /// Counts up from 1 over all runs.
    package var edition: Int
    /// The immutable file of this edition, beside the manifest.
    package var file: String
    /// The name that always holds the newest edition.
    package var stable: String
    package var sha256: String
    package var bytes: Int
    /// The map of confidence, where one is published.
    package var confidence: Sidecar?
    /// ISO 8601, UTC.
    package var published: String
    /// Redacted.
    package var source: String
    /// Seconds of the stream that had been seen.
    package var streamSeconds: Double
    package var quality: AvatarQuality
    /// Absent where nothing was synthesized.
    package var synthesis: SynthesisReport?
    package var keyframes: Int
    package var generator: String
    package var licences: [String]
    /// The edition that this one is a copy of, after a rollback.
    package var copyOf: Int?
    /// A new edition has to score higher than this too: the best of what a rollback took back.
    package var mustBeat: Double?
    /// Nothing is published over this edition until it is released.
    package var isHeld: Bool?

    /// What a new edition has to score more than.
    package var bar: Double { isHeld == true ? .infinity : max(quality.score, mustBeat ?? 0) }

    package func json() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // A tree of strings and finite numbers always encodes.
        let data = (try? encoder.encode(self)) ?? Data()
        return Array(data) + [UInt8(ascii: "\n")]
    }

    /// Editions are counted on from this one, so that the largest integers would not do.
    static let largestEdition = 999_999_999_999

    /// - Returns: `nil` for what is no manifest, or cannot be one: a score that is not in 0...1 would keep every avatar out.
    package init?(json: [UInt8]) {
        guard let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(json)),
            (0...Self.largestEdition).contains(manifest.edition), manifest.quality.deviation >= 0,
            (0...1.01).contains(manifest.quality.score), (0...1.01).contains(manifest.mustBeat ?? 0)
        else { return nil }
        self = manifest
    }

    package init(
        subject: String, edition: Int, file: String, stable: String, sha256: String, bytes: Int, published: String,
        source: String, streamSeconds: Double, quality: AvatarQuality, keyframes: Int, generator: String,
        licences: [String]
    ) {
        self.subject = subject
        self.edition = edition
        self.file = file
        self.stable = stable
        self.sha256 = sha256
        self.bytes = bytes
        self.published = published
        self.source = source
        self.streamSeconds = streamSeconds
        self.quality = quality
        self.keyframes = keyframes
        self.generator = generator
        self.licences = licences
    }
}

/// A file that belongs to an edition.
package struct Sidecar: Codable, Sendable, Equatable {
    /// The immutable file of this edition, beside the manifest.
    package var file: String
    /// The name that holds the newest edition's.
    package var stable: String
    package var sha256: String
    package var bytes: Int
}

/// How good an avatar is, in numbers that only grow better as more is seen.
package struct AvatarQuality: Codable, Sendable, Equatable {
    /// Share of the face's texels that some keyframe saw, 0...1.
    package var coverage: Double
    /// Mean confidence over the face's texels, 0...1.
    package var confidence: Double
    /// Posterior standard deviation of the face's surface, size left free, millimetres.
    package var deviation: Double
    /// 0...1: share of the octaves in which the fine structure of unseen skin is synthesized; absent where it is filled smoothly.
    package var synthesis: Double?
    /// Shares of the face's texels that sum to 1; absent in files of earlier versions. `seen`: by a camera; `refined`: seen,
    /// with octaves synthesized on top that the camera did not resolve; `inferred`: not seen.
    package var seen: Double?
    package var refined: Double?
    package var inferred: Double?
    /// True where no picture had colours, grey or toned, and skin got those that go with its luminance; else absent.
    package var coloursInferred: Bool?

    package init(coverage: Double, confidence: Double, deviation: Double) {
        self.coverage = coverage
        self.confidence = confidence
        self.deviation = deviation
    }

    /// One number, 0...1, for "is it better?": three parts evidence on the skin, one part certainty of the shape
    /// (1 mm of deviation halves that part), and a little for synthesis: each of four octaves is an edition worth.
    package var score: Double {
        0.24 * coverage + 0.46 * confidence + 0.24 / (1 + deviation) + 0.06 * (synthesis ?? 0)
    }
}
