internal import Synchronization

/// The counters of a run, written by all stages and read by whoever shows them.
package final class Report: Sendable {
    private let counters = Mutex(Counters())

    package init() {}

    package var now: Counters { counters.withLock { $0 } }

    package func update(_ change: (inout Counters) -> Void) { counters.withLock { change(&$0) } }

    /// Adds the time since `start` to what a stage has worked.
    func worked(_ stage: String, since start: ContinuousClock.Instant) {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        update { $0.stageSeconds[stage, default: 0] += seconds }
    }
}
