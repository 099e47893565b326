internal import Face

/// The one thing that the person in front of the camera should do next. Pure: two moments of the counters in, a hint out.
package struct Guidance: Sendable, Equatable {
    package enum Hint: String, Sendable, Equatable, CaseIterable {
        case start, reconnect, refused, paused, unenrolled, ended
        case comeIntoView, otherPerson, comeNearer, moreLight, holdStill, showFace, openEyes, turnBack
        case lookAhead, turnLeft, turnRight, keepLooking
        case finishing, done

        package var text: String {
            switch self {
            case .start: "One moment: the camera is being opened"
            case .reconnect: "The camera is away: check its cable or the network"
            case .refused: "The camera cannot be used: the log says why"
            case .unenrolled: "Waiting for enrolment: nobody is being looked at"
            case .paused: "Paused: nothing is being looked at"
            case .ended: "The film is over"
            case .comeIntoView: "Look into the camera"
            case .otherPerson: "Somebody else is in front of the camera"
            case .comeNearer: "Come nearer"
            case .moreLight: "More even light, from the front"
            case .holdStill: "Hold still for a moment"
            case .showFace: "Let nothing cover your face"
            case .openEyes: "Open your eyes"
            case .turnBack: "Turn back a little"
            case .lookAhead: "Look straight ahead"
            case .turnLeft: "Turn your head slowly to your left"
            case .turnRight: "Turn your head slowly to your right"
            case .keepLooking: "Look about slowly: the shape is still becoming sharper"
            case .finishing: "Nearly done: the skin is being finished"
            case .done: "Done: the avatar is complete"
            }
        }
    }

    package let hint: Hint
    /// 0...1: the share of what is wanted that is there.
    package let progress: Double

    /// Keyframes are wanted of these directions, degrees to each side; between two bins a head has passed anyway.
    static let wantedYaws = [20, 30, 40]
    /// Millimetres: below it another turn of the head brings little.
    static let goodDeviation = 1.5
    private static let binDegrees = 10

    /// - Parameters:
    ///   - now: the counters.
    ///   - before: the same some seconds ago.
    package init(now: Counters, before: Counters) {
        let missing = Self.missing(now.keyframesPerYawBin)
        let shape = now.fitDeviation.map { min(Self.goodDeviation / max($0, 1e-9), 1) } ?? 0
        let directions = 1 - Double(missing.count) / Double(2 * Self.wantedYaws.count + 1)
        progress = now.edition == nil && now.keyframes == 0 ? 0 : 0.75 * directions + 0.25 * shape
        hint =
            Self.ofSource(now) ?? Self.ofView(now, before) ?? Self.ofDirections(missing)
            ?? (shape < 1 ? .keepLooking : now.synthesizing != nil ? .finishing : .done)
    }

    private static func ofSource(_ c: Counters) -> Hint? {
        switch c.source {
        case .opening: .start
        case .waiting: .reconnect
        case .refused: .refused
        case .closed(.paused): .paused
        case .closed(.notEnrolled): .unenrolled
        case .ended: c.synthesizing == nil ? .ended : .finishing
        case .running: c.framesRead == 0 ? .start : nil
        }
    }

    /// What most of the last frames lacked.
    private static func ofView(_ now: Counters, _ before: Counters) -> Hint? {
        let frames = now.framesObserved - before.framesObserved
        guard frames > 0 else { return nil }
        let empty = now.framesWithoutFace - before.framesWithoutFace
        if 2 * empty > frames { return .comeIntoView }
        let grown = now.rejections.merging(before.rejections) { $0 - $1 }
        let faces = max(frames - empty, 1)
        let reasons: [(String, Hint)] = [
            ("another person", .otherPerson), (Rejection.tooSmall.rawValue, .comeNearer),
            (Rejection.badExposure.rawValue, .moreLight), (Rejection.occluded.rawValue, .showFace),
            (Rejection.lowPresence.rawValue, .showFace), (Rejection.blurred.rawValue, .holdStill),
            (Rejection.turnedTooFar.rawValue, .turnBack), (Rejection.eyesClosed.rawValue, .openEyes),
        ]
        return reasons.first { 2 * max(grown[$0.0] ?? 0, 0) > faces }?.1
    }

    /// Offsets from the frontal bin, in bins, that have no keyframe; positive to the person's left.
    private static func missing(_ bins: [Int]) -> [Int] {
        let middle = bins.count / 2
        func isEmpty(_ offsets: [Int]) -> Bool {
            offsets.allSatisfy { !bins.indices.contains(middle + $0) || bins[middle + $0] == 0 }
        }
        let sides = wantedYaws.map { $0 / binDegrees }
        return (isEmpty([-1, 0, 1]) ? [0] : []) + (sides + sides.map { -$0 }).filter { isEmpty([$0]) }
    }

    private static func ofDirections(_ missing: [Int]) -> Hint? {
        guard !missing.isEmpty else { return nil }
        if missing.contains(0) { return .lookAhead }
        // One side to its end, and then the other.
        let (left, right) = (missing.count { $0 > 0 }, missing.count { $0 < 0 })
        if left == 0 { return .turnRight }
        if right == 0 { return .turnLeft }
        return left <= right ? .turnLeft : .turnRight
    }
}
