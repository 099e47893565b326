internal import Synchronization

/// The counters of a run, written by all stages and read by whoever shows them.
package final class Report: Sendable {
    private let counters = Mutex(Counters())

    package init() {}

    package var now: Counters { counters.withLock { $0 } }

    package func update(_ change: (inout Counters) -> Void) { counters.withLock { change(&$0) } }
}
