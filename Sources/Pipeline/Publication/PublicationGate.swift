/// Decides whether a new avatar is worth a publication. Pure: time is the stream's, given by the caller.
package struct PublicationGate: Sendable {
    package enum Decision: Sendable, Equatable {
        case publish
        /// Better, but too soon after the last one; ask again at the end.
        case tooSoon
        /// Not better by the minimum gain.
        case noGain
    }

    /// Seconds of stream time between two publications.
    package let minimumInterval: Double
    /// Of `AvatarQuality.score`.
    package let minimumGain: Double
    private var lastTime: Double?
    private var lastScore: Double

    /// - Parameter lastScore: of the edition that is already in the directory, so that a restart publishes nothing worse.
    package init(minimumInterval: Double, minimumGain: Double, lastScore: Double = 0) {
        self.minimumInterval = minimumInterval
        self.minimumGain = minimumGain
        self.lastScore = lastScore
    }

    /// - Parameters:
    ///   - time: seconds of the stream.
    ///   - final: the stream is over: the interval no longer counts and any gain is enough.
    package mutating func consider(_ quality: AvatarQuality, time: Double, final: Bool = false) -> Decision {
        let gain = quality.score - lastScore
        guard gain > (final ? 0 : minimumGain) else { return .noGain }
        if !final, let lastTime, time - lastTime < minimumInterval { return .tooSoon }
        lastTime = time
        lastScore = quality.score
        return .publish
    }
}
