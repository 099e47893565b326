import Pipeline
import Testing

@Suite struct CadenceTests {
    @Test func firstAtOnceThenByInterval() {
        var cadence = Cadence(interval: 2)
        #expect(!cadence.isDue(at: 0))
        cadence.changed()
        #expect(cadence.isDue(at: 0.5))
        #expect(!cadence.isDue(at: 9), "nothing has changed")
        cadence.changed()
        #expect(cadence.isDue(at: 9))
        cadence.changed()
        #expect(!cadence.isDue(at: 10))
        #expect(cadence.isDue(at: 10, final: true))
    }

    @Test func backoffGrowsAndForgets() {
        var backoff = Backoff()
        #expect(
            (0..<22).map { _ in backoff.next() } == Array(repeating: 1, count: 5) + Array(repeating: 5, count: 5)
                + Array(repeating: 10, count: 10) + [60, 60])
        backoff.succeeded(forSeconds: 3)
        #expect(backoff.next() == 60)
        backoff.succeeded(forSeconds: 11)
        #expect(backoff.next() == 1)
    }
}
