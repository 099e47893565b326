import Testing
import Video

/// Truth: the stamps given here, of a clock with 90,000 ticks a second.
@Suite struct StreamClockTests {
    private static func times(_ stamps: [Int64?]) -> [Double] {
        var clock = StreamClock(secondsPerTick: 1.0 / 90_000, framePeriod: 0.04, longestGap: 10)
        return stamps.map { clock.time(stamp: $0) }
    }

    private static func expectSteady(_ times: [Double], _ expected: [Double]) {
        #expect(zip(times, expected).allSatisfy { abs($0 - $1) < 1e-9 } && times.count == expected.count, "\(times)")
    }

    @Test func aClockThatIsSetForwardOrBackMovesNothing() {
        let day: Int64 = 86_400 * 90_000
        Self.expectSteady(Self.times([0, 3600, day, day + 3600]), [0, 0.04, 0.08, 0.12])
        Self.expectSteady(Self.times([day, day + 3600, 5, 3605]), [0, 0.04, 0.08, 0.12])
    }

    @Test func realGapsStay() {
        Self.expectSteady(Self.times([0, 9 * 90_000, nil]), [0, 9, 9.04])
    }

    @Test func stampsThatStandStillStillGrow() {
        let times = Self.times([0, 3600, 3600, 3599, 7200])
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 }, "\(times)")
        #expect(times[4] == 0.08)
    }
}
