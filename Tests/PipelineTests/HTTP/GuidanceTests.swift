import Pipeline
import Testing

/// Truth: what a photographer would say of the made-up counters.
@Suite struct GuidanceTests {
    /// Fifteen bins of 10°, from the person's right to left, with keyframes at these degrees.
    private static func counters(_ yaws: [Int], deviation: Double = 0.8) -> Counters {
        var counters = Counters()
        (counters.source, counters.framesRead, counters.framesObserved) = (.running, 300, 300)
        counters.keyframesPerYawBin = (0..<15).map { bin in yaws.count { $0 / 10 + 7 == bin } }
        (counters.keyframes, counters.edition, counters.fitDeviation) = (yaws.count, 3, deviation)
        return counters
    }

    /// - Parameter change: what happened in the last seconds, beside 60 frames.
    private static func hint(_ counters: Counters, _ change: (inout Counters) -> Void = { _ in }) -> Guidance.Hint {
        var now = counters
        now.framesObserved += 60
        change(&now)
        return Guidance(now: now, before: counters).hint
    }

    private static let everywhere = [-40, -30, -20, -10, 0, 10, 20, 30, 40]

    @Test func theSourceComesFirst() {
        for (state, hint) in [
            (SourceState.opening(until: .now), Guidance.Hint.start), (.waiting(why: "off", until: .now), .reconnect),
            (.refused(why: "password"), .refused), (.closed(.paused), .paused), (.closed(.notEnrolled), .unenrolled),
            (.ended, .ended),
        ] {
            #expect(Self.hint(Self.counters([])) { $0.source = state } == hint)
        }
        #expect(Self.hint(Counters()) { $0.source = .running } == .start)
    }

    @Test func thenWhatSpoilsThePictures() {
        let counters = Self.counters([0])
        #expect(Self.hint(counters) { $0.framesWithoutFace += 40 } == .comeIntoView)
        for (reason, hint) in [
            ("too small", Guidance.Hint.comeNearer), ("badly exposed", .moreLight), ("blurred", .holdStill),
            ("occluded", .showFace), ("turned too far", .turnBack), ("another person", .otherPerson),
            ("eyes closed", .openEyes),
        ] {
            #expect(Self.hint(counters) { $0.rejections[reason] = 40 } == hint)
            #expect(Self.hint(counters) { $0.rejections[reason] = 20 } != hint, "a third of the pictures is no matter")
        }
        // That was long ago.
        var past = counters
        past.rejections["blurred"] = 1000
        #expect(Self.hint(past) == .turnLeft)
    }

    @Test func thenTheDirectionsThatAreMissing() {
        #expect(Self.hint(Self.counters([20, 30])) == .lookAhead)
        #expect(Self.hint(Self.counters([0])) == .turnLeft)
        #expect(Self.hint(Self.counters([0, 20])) == .turnLeft, "one side to its end")
        #expect(Self.hint(Self.counters([0, -20])) == .turnRight)
        #expect(Self.hint(Self.counters([0, 20, 30, 40])) == .turnRight)
        #expect(Self.hint(Self.counters([0, -20, -30, -40])) == .turnLeft)
    }

    @Test func thenItIsDone() {
        #expect(Self.hint(Self.counters(Self.everywhere, deviation: 2)) == .keepLooking)
        #expect(Self.hint(Self.counters(Self.everywhere)) { $0.synthesizing = "512²" } == .finishing)
        #expect(Self.hint(Self.counters(Self.everywhere)) == .done)
        #expect(Guidance(now: Self.counters(Self.everywhere), before: Counters()).progress == 1)
    }

    @Test func progressOnlyGrowsWithWhatIsThere() {
        let steps = [[], [0], [0, 20], [0, 20, 30], [0, 20, 30, -20], Self.everywhere]
        let shares = steps.map { Guidance(now: Self.counters($0), before: Counters()).progress }
        #expect(zip(shares, shares.dropFirst()).allSatisfy { $0 < $1 } && shares.allSatisfy { (0...1).contains($0) })
    }

    @Test func everyHintIsASentence() {
        let texts = Guidance.Hint.allCases.map(\.text)
        #expect(Set(texts).count == texts.count && texts.allSatisfy { $0.count > 5 && $0.count < 60 })
    }
}
