import Pipeline
import Testing

@Suite struct CadenceTests {
    @Test func firstAtOnceThenByInterval() {
        var cadence = Cadence(interval: 2)
        var due: Bool
        due = cadence.isDue(at: 0)
        #expect(!due)
        cadence.changed()
        due = cadence.isDue(at: 0.5)
        #expect(due)
        due = cadence.isDue(at: 9)
        #expect(!due, "nothing has changed")
        cadence.changed()
        due = cadence.isDue(at: 9)
        #expect(due)
        cadence.changed()
        due = cadence.isDue(at: 10)
        #expect(!due)
        due = cadence.isDue(at: 10, final: true)
        #expect(due)
    }

    @Test func backoffGrowsAndForgets() {
        var backoff = Backoff()
        var wait: Double
        #expect(
            (0..<22).map { _ in backoff.next() } == Array(repeating: 1, count: 5) + Array(repeating: 5, count: 5)
                + Array(repeating: 10, count: 10) + [60, 60])
        backoff.succeeded(forSeconds: 3)
        wait = backoff.next()
        #expect(wait == 60)
        backoff.succeeded(forSeconds: 11)
        wait = backoff.next()
        #expect(wait == 1)
    }
}
