import Pipeline
import Testing

/// Truth: a clock that the test turns.
@Suite struct ProgressTests {
    private static let start = ContinuousClock.now

    private static func sample(
        _ source: SourceState, last: Double? = nil, isLive: Bool = true, busy: Bool = false, steps: Int = 0
    ) -> ProgressWatch.Sample {
        ProgressWatch.Sample(
            source: source, lastFrame: last.map { start + .seconds($0) }, isLive: isLive,
            stages: [("publish", StageActivity(isBusy: busy, steps: steps))])
    }

    private static func problem(_ samples: [(Double, ProgressWatch.Sample)]) -> String? {
        var watch = ProgressWatch()
        var result: String?
        for (at, sample) in samples { result = watch.problem(sample, at: start + .seconds(at))?.what }
        return result
    }

    @Test func aStageThatStandsStillHangs() {
        let film = Self.sample(.running, isLive: false, busy: true, steps: 7)
        #expect(Self.problem([(0, film), (59, film)]) == nil)
        #expect(Self.problem([(0, film), (61, film)]) == "publish")
        var next = film
        next.stages[0].activity.steps = 8
        #expect(Self.problem([(0, film), (50, next), (100, next)]) == nil, "it took the next one")
        var idle = film
        idle.stages[0].activity.isBusy = false
        #expect(Self.problem([(0, idle), (1000, idle)]) == nil, "nothing to do is no fault")
    }

    /// As synthesis does, of which there is one at a time.
    @Test func whoWaitsForItsTurnIsNotBusy() async {
        let edge = Edge<Int>(.suspending(capacity: 1))
        #expect(await edge.send(1))
        #expect(await edge.next() == 1)
        #expect(edge.activity.isBusy)
        edge.isResting()
        let resting = edge.activity
        #expect(!resting.isBusy)
        edge.isGettingOn()
        #expect(edge.activity.isBusy && edge.activity.steps > resting.steps)
    }

    @Test func aSourceThatWaitsAsItShouldIsProgress() {
        let down = SourceState.waiting(why: "off", until: Self.start + .seconds(72))
        #expect(Self.problem([(0, Self.sample(down)), (71, Self.sample(down)), (130, Self.sample(down))]) == nil)
        #expect(Self.problem([(133, Self.sample(down))]) == "waiting for the source")
        let opening = SourceState.opening(until: Self.start + .seconds(10))
        #expect(Self.problem([(0, Self.sample(opening)), (69, Self.sample(opening))]) == nil)
        #expect(Self.problem([(71, Self.sample(opening))]) == "opening the source")
        #expect(Self.problem([(500, Self.sample(.refused(why: "password")))]) == nil)
        for why in SourceState.Closed.allCases {
            #expect(
                Self.problem([(0, Self.sample(.closed(why), last: 0)), (500, Self.sample(.closed(why), last: 0))])
                    == nil)
        }
    }

    @Test func aReaderThatMissedItsOwnDeadlineHangs() {
        #expect(Self.problem([(59, Self.sample(.running, last: 0))]) == nil)
        #expect(Self.problem([(61, Self.sample(.running, last: 0))]) == "reading the source")
        #expect(Self.problem([(61, Self.sample(.running, last: 0, isLive: false))]) == nil, "a film is not waited for")
    }

    @Test func whatTheServiceManagerIsToldAndWhen() {
        var announcements = Announcements(watchdog: .seconds(10))
        func due(_ at: Double, ready: Bool = true, _ status: String = "a", hanging: String? = nil) -> [String] {
            announcements.due(at: Self.start + .seconds(at), ready: ready, status: status, hanging: hanging)
        }
        #expect(due(0, ready: false) == ["STATUS=a", "WATCHDOG=1"])
        #expect(due(0.1) == ["READY=1"])
        #expect(due(0.2, "b") == [], "a second has not passed")
        #expect(due(1.0, "b") == ["STATUS=b"])
        #expect(due(4.9, "b") == [])
        #expect(due(5, "b") == ["WATCHDOG=1"])
        #expect(due(20, "b", hanging: "publish") == ["STATUS=publish hangs"], "not fed")
        #expect(due(40, "b", hanging: "publish") == [])
        #expect(due(41, "b") == ["STATUS=b", "WATCHDOG=1"])
        announcements.reloads()
        #expect(due(42, ready: false, "b") == [])
        #expect(due(43, "b") == ["READY=1"])
    }
}
