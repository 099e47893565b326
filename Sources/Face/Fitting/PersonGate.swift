/// Decides whether the face that came into view is the person who is known. A face that is followed without a break stays
/// who it is; a new one has to be recognized before anything of it is used. Pure: measures come in, verdicts go out.
package struct PersonGate: Sendable {
    package enum Verdict: Sendable, Equatable {
        /// The known person, or the first one.
        case known
        /// Not enough seen yet: look, and use nothing.
        case undecided
        case stranger
    }

    /// Correlations of `FaceAppearance`. Measured on three real and three rendered people (`likenessd bench strangers`): the
    /// same person 0.79 and more in 95 of 100 pictures; other real people 0.63 and less, rendered ones of one recipe 0.75.
    static let sameFrom = 0.76
    /// One look is enough beyond this; else the middle of so many decides.
    static let surelySame = 0.86
    static let looks = 3
    /// Landmarks that jump farther than this (distances between the eyes a second) are another face's.
    package static let longestJump = 15.0
    /// A followed face that is to become a keyframe is doubted below this: a film may cut from one person to another.
    static let doubtfulBelow = 0.68
    /// A stranger is looked at again after so many seconds: glasses come off, light changes.
    static let patience = 5.0

    private var correlations: [Double] = []
    private var decidedAt = 0.0
    package private(set) var verdict: Verdict = .known

    package init() {}

    /// A face came into view.
    /// - Parameter isAnybodyKnown: whether there is somebody to compare with.
    package mutating func begin(isAnybodyKnown: Bool) {
        correlations = []
        verdict = isAnybodyKnown ? .undecided : .known
    }

    /// Whether a look at the face at `time` (seconds) would tell anything new.
    package mutating func wantsLook(at time: Double) -> Bool {
        if verdict == .stranger, time - decidedAt >= Self.patience { begin(isAnybodyKnown: true) }
        return verdict == .undecided
    }

    /// A look at a followed face that is about to be used. One that does not look like the known person has to be recognized
    /// anew.
    package mutating func check(correlation: Double, at time: Double) {
        guard verdict == .known, correlation < Self.doubtfulBelow else { return }
        begin(isAnybodyKnown: true)
        look(correlation: correlation, at: time)
    }

    /// A look at the face: how it correlates with what is known.
    package mutating func look(correlation: Double, at time: Double) {
        guard verdict == .undecided else { return }
        correlations.append(correlation)
        if correlation >= Self.surelySame {
            verdict = .known
        } else if correlations.count >= Self.looks {
            let middle = correlations.sorted()[correlations.count / 2]
            verdict = middle >= Self.sameFrom ? .known : .stranger
            decidedAt = time
        }
    }
}
