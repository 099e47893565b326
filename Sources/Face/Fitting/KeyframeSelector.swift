internal import Foundation

/// What selection wants to know of one observation; angles in radians, sizes in pixels.
package struct Candidate: Sendable, Equatable {
    package var frame: Int
    /// Seconds of the stream.
    package var time: Double
    package var yaw: Double
    package var pitch: Double
    package var interEyePixels: Double
    /// Comparable over one source only.
    package var sharpness: Double
    /// Mean luma and the shares that are nearly black and white, 0...1.
    package var exposure: Double
    package var darkShare: Double
    package var brightShare: Double
    package var presence: Double
    /// Of the less open eye: lid distance over width, open about 0.3.
    package var eyeOpenness: Double
    /// Lip distance over mouth width.
    package var mouthOpenness: Double
    /// 0...1, a hint.
    package var occlusion: Double

    package init(
        frame: Int, time: Double, yaw: Double, pitch: Double, interEyePixels: Double, sharpness: Double,
        exposure: Double, darkShare: Double, brightShare: Double, presence: Double, eyeOpenness: Double,
        mouthOpenness: Double, occlusion: Double
    ) {
        self.frame = frame
        self.time = time
        self.yaw = yaw
        self.pitch = pitch
        self.interEyePixels = interEyePixels
        self.sharpness = sharpness
        self.exposure = exposure
        self.darkShare = darkShare
        self.brightShare = brightShare
        self.presence = presence
        self.eyeOpenness = eyeOpenness
        self.mouthOpenness = mouthOpenness
        self.occlusion = occlusion
    }
}

/// Why an observation did not become a keyframe.
package enum Rejection: String, Sendable, CaseIterable {
    case tooSmall = "too small"
    case blurred
    case badExposure = "badly exposed"
    case turnedTooFar = "turned too far"
    case occluded
    case lowPresence = "uncertain"
    case eyesClosed = "eyes closed"
    /// Just after a kept one of the same direction, which is as good.
    case tooSoon = "too soon"
    case notBetter = "no better than kept"
}

/// Keeps the best few observations of each head direction, for ever bounded.
///
/// Bins are 10° of yaw (fifteen over ±75°) by three of pitch (below −12°, between, above 12°). The score, 0...1, is the
/// product of: sharpness against the best seen lately (blur is judged by the stream's own standard); √(inter-eye
/// pixels / 120), at most 1; exposure; neutrality (open eyes, closed mouth); 1 − occlusion. Frontality is what the bins
/// are for: the frontal one keeps two more, since identity needs neutral frontal views most. Two keyframes of a bin lie
/// at least `spacing` apart in time, since neighbouring frames repeat the same evidence and the same error. When all
/// bins together are full, the worst keyframe of a bin that holds more than one goes, or of any where none does.
package struct KeyframeSelector: Sendable {
    package enum Decision: Sendable, Equatable {
        /// Kept with this score; the frames it replaces go.
        case kept(score: Double, replaced: [Int])
        case rejected(Rejection)
    }

    package struct Settings: Sendable, Equatable {
        package var minimumInterEyePixels = 32.0
        /// Radians.
        package var maximumYaw = 70 * Double.pi / 180
        package var perBin = 3
        /// The frontal bin keeps this many more.
        package var moreInFront = 2
        package var maximumCount = 24
        /// Seconds.
        package var spacing = 0.25

        package init() {}
    }

    /// One that is kept.
    package struct Kept: Sendable, Equatable {
        package var frame: Int
        /// Seconds of the stream.
        package var time: Double
        package var score: Double

        package init(frame: Int, time: Double, score: Double) {
            (self.frame, self.time, self.score) = (frame, time, score)
        }
    }

    /// What selection goes on from after a restart.
    package struct State: Sendable, Equatable {
        /// `binCount` of them.
        package var bins: [[Kept]]
        /// The sharpness of a sharp frame, falling by half in some hundred frames so that a lucky one is forgotten.
        package var sharpest: Double

        package init(bins: [[Kept]], sharpest: Double) { (self.bins, self.sharpest) = (bins, sharpest) }
    }

    private let settings: Settings
    package private(set) var state: State
    private var bins: [[Kept]] {
        get { state.bins }
        _modify { yield &state.bins }
    }

    static let yawBins = 15
    static let pitchBins = 3
    static let yawStep = 10 * Double.pi / 180
    static let pitchEdge = 12 * Double.pi / 180
    static let frontalBin = bin(yaw: 0, pitch: 0)

    package static let binCount = yawBins * pitchBins

    private var sharpest: Double { state.sharpest }

    /// - Parameter state: of an earlier selection, to go on with.
    package init(settings: Settings = Settings(), state: State? = nil) {
        self.settings = settings
        self.state = state ?? State(bins: Array(repeating: [], count: Self.binCount), sharpest: 0)
        precondition(self.state.bins.count == Self.binCount, "\(self.state.bins.count) bins of \(Self.binCount)")
    }

    package var count: Int { bins.reduce(0) { $0 + $1.count } }

    /// Kept keyframes per yaw bin, from the person's right to left, all pitches together.
    package var countsPerYaw: [Int] {
        (0..<Self.yawBins).map { y in (0..<Self.pitchBins).reduce(0) { $0 + bins[$1 * Self.yawBins + y].count } }
    }

    package mutating func consider(_ c: Candidate) -> Decision {
        state.sharpest = max(sharpest * 0.995, c.sharpness)
        if let reason = fault(of: c) { return .rejected(reason) }
        let score = score(of: c)
        let bin = Self.bin(yaw: c.yaw, pitch: c.pitch)
        if let near = bins[bin].firstIndex(where: { abs($0.time - c.time) < settings.spacing }) {
            // 5 % better, or the same second would exchange its keyframe all the time.
            guard score > bins[bin][near].score * 1.05 else { return .rejected(.tooSoon) }
            return keep(c, score, bin, instead: near)
        }
        let capacity = settings.perBin + (bin == Self.frontalBin ? settings.moreInFront : 0)
        guard bins[bin].count >= capacity else { return keep(c, score, bin, instead: nil) }
        let worst = bins[bin].indices.min { bins[bin][$0].score < bins[bin][$1].score }!
        guard score > bins[bin][worst].score * 1.05 else { return .rejected(.notBetter) }
        return keep(c, score, bin, instead: worst)
    }

    private mutating func keep(_ c: Candidate, _ score: Double, _ bin: Int, instead: Int?) -> Decision {
        var replaced: [Int] = []
        if let instead {
            replaced.append(bins[bin][instead].frame)
            bins[bin].remove(at: instead)
        }
        bins[bin].append(Kept(frame: c.frame, time: c.time, score: score))
        if count > settings.maximumCount {
            let shared = bins.indices.filter { bins[$0].count > 1 }
            let crowded = shared.isEmpty ? Array(bins.indices) : shared
            let all = crowded.flatMap { b in bins[b].indices.map { (b, $0) } }
                .filter { bins[$0.0][$0.1].frame != c.frame }
            if let (b, i) = all.min(by: { bins[$0.0][$0.1].score < bins[$1.0][$1.1].score }) {
                replaced.append(bins[b][i].frame)
                bins[b].remove(at: i)
            }
        }
        return .kept(score: score, replaced: replaced)
    }

    private func fault(of c: Candidate) -> Rejection? {
        if c.presence < 0.8 { return .lowPresence }
        if c.interEyePixels < settings.minimumInterEyePixels { return .tooSmall }
        if abs(c.yaw) > settings.maximumYaw || abs(c.pitch) > 0.75 { return .turnedTooFar }
        if c.exposure < 0.08 || c.exposure > 0.92 || c.darkShare > 0.5 || c.brightShare > 0.35 { return .badExposure }
        if c.sharpness < 0.6 * sharpest { return .blurred }
        if c.occlusion > 0.4 { return .occluded }
        if c.eyeOpenness < 0.12 && abs(c.yaw) < 0.5 { return .eyesClosed }
        return nil
    }

    private func score(of c: Candidate) -> Double {
        let sharp = min(c.sharpness / max(sharpest, 1e-9), 1)
        let resolution = min(c.interEyePixels / 120, 1).squareRoot()
        let exposure =
            (1 - c.darkShare) * (1 - 1.5 * min(c.brightShare, 0.5)) * (1 - pow(abs(c.exposure - 0.5) / 0.5, 4))
        let eyes = min(c.eyeOpenness / 0.25, 1)
        let mouth = 1 - min(c.mouthOpenness * 1.5, 0.8)
        return max(sharp * resolution * exposure * (0.4 + 0.6 * eyes) * mouth * (1 - c.occlusion), 0)
    }

    static func bin(yaw: Double, pitch: Double) -> Int {
        let y = min(max(Int((yaw / yawStep).rounded()) + yawBins / 2, 0), yawBins - 1)
        let p = pitch < -pitchEdge ? 0 : pitch > pitchEdge ? 2 : 1
        return p * yawBins + y
    }
}
