/// Decides which of the people who are known the face that came into view is. A face that is followed without a break stays
/// who it is; a new one has to be recognized before anything of it is used. Pure: measures come in, verdicts go out.
package struct PersonGate: Sendable {
    package enum Verdict: Sendable, Equatable {
        /// One of the known people, by number; the first one is 0.
        case known(Int)
        /// Not enough seen yet: look, and use nothing.
        case undecided
        case stranger
        /// A known person in a picture whose sides are exchanged.
        case mirrored
    }

    /// One look at a face, as correlations of `FaceAppearance`.
    package struct Look: Sendable, Equatable {
        /// With each known person; −1 where nothing can be compared.
        package var correlations: [Double]
        /// The best one of its mirror image.
        package var mirrored: Double

        package init(_ correlations: [Double], mirrored: Double = -1) {
            self.correlations = correlations
            self.mirrored = mirrored
        }

        var isMirrored: Bool {
            mirrored >= PersonGate.sameFrom && mirrored > (correlations.max() ?? -1) + PersonGate.mirroredFrom
        }
    }

    /// Measured on three real and three rendered people (`likenessd bench strangers`): the same person 0.79 and more in 95
    /// of 100 pictures; other real people 0.63 and less, rendered ones of one recipe 0.75.
    static let sameFrom = 0.76
    /// One look is enough beyond this; else the middle of so many decides.
    static let surelySame = 0.86
    static let looks = 3
    /// By so much a picture with exchanged sides is more like a person's mirror image than like the person: 0.04 for the
    /// most symmetric of three real faces, 0.7 for the least.
    static let mirroredFrom = 0.02
    /// Landmarks that jump farther than this (distances between the eyes a second) are another face's.
    package static let longestJump = 15.0
    /// A followed face that is to become a keyframe is doubted below this: a film may cut from one person to another.
    static let doubtfulBelow = 0.68
    /// A stranger is looked at again after so many seconds: glasses come off, light changes.
    static let patience = 5.0
    /// A mirrored picture sooner: who turned it over may turn it back.
    static let mirroredPatience = 1.0

    private var seen: [Look] = []
    private var decidedAt = 0.0
    package private(set) var verdict: Verdict = .known(0)

    package init() {}

    /// A face came into view.
    /// - Parameter isAnybodyKnown: whether there is somebody to compare with.
    package mutating func begin(isAnybodyKnown: Bool) {
        seen = []
        verdict = isAnybodyKnown ? .undecided : .known(0)
    }

    /// The stranger in view is somebody to know from now on.
    package mutating func enrol(as person: Int) {
        precondition(verdict == .stranger, "only a stranger is enrolled")
        verdict = .known(person)
    }

    /// Whether a look at the face at `time` (seconds) would tell anything new.
    package mutating func wantsLook(at time: Double) -> Bool {
        let patience = verdict == .mirrored ? Self.mirroredPatience : Self.patience
        if verdict == .stranger || verdict == .mirrored, time - decidedAt >= patience { begin(isAnybodyKnown: true) }
        return verdict == .undecided
    }

    /// A look at a followed face that is about to be used. One that does not look like the person it was has to be
    /// recognized anew.
    package mutating func check(_ look: Look, at time: Double) {
        guard case .known(let person) = verdict, person < look.correlations.count else { return }
        guard look.correlations[person] < Self.doubtfulBelow || look.isMirrored else { return }
        begin(isAnybodyKnown: true)
        self.look(look, at: time)
    }

    /// A look at the face: how it correlates with what is known.
    package mutating func look(_ look: Look, at time: Double) {
        guard verdict == .undecided else { return }
        seen.append(look)
        let best = look.correlations.indices.max { look.correlations[$0] < look.correlations[$1] }
        if let best, look.correlations[best] >= Self.surelySame, !seen.contains(where: \.isMirrored) {
            verdict = .known(best)
        } else if seen.count >= Self.looks {
            decidedAt = time
            func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
            let people = look.correlations.indices.map { p in middle(seen.map { $0.correlations[p] }) }
            let likeliest = people.indices.max { people[$0] < people[$1] }
            if 2 * seen.count(where: \.isMirrored) > seen.count {
                verdict = .mirrored
            } else if let likeliest, people[likeliest] >= Self.sameFrom {
                verdict = .known(likeliest)
            } else {
                verdict = .stranger
            }
        }
    }
}
