internal import Synchronization

/// The counters of a run, written by all stages and read by whoever shows them.
package final class Report: Sendable {
    private let counters = Mutex(Counters())
    private let activities = Mutex(Activities())

    private struct Activities: Sendable {
        var now: @Sendable () -> KeyValuePairs<String, StageActivity> = { [:] }
    }

    package init() {}

    package var now: Counters { counters.withLock { $0 } }

    /// What the stages of the present run are at, by name.
    package var stages: [(name: String, activity: StageActivity)] { activities.withLock(\.now)().map { ($0, $1) } }

    package func follow(_ activities: @escaping @Sendable () -> KeyValuePairs<String, StageActivity>) {
        self.activities.withLock { $0.now = activities }
    }

    /// Another run is about to begin, and goes on counting.
    package func begin() {
        update {
            $0.isReady = false
            $0.source = .opening(until: .now)
            $0.lastFrame = nil
        }
    }

    /// The run has ended with a failure; those beside it go on, and nobody waits for this one.
    func failed(_ failure: Failure) {
        update {
            $0.isReady = true
            $0.source = .refused(why: failure.description)
        }
    }

    package func update(_ change: (inout Counters) -> Void) { counters.withLock { change(&$0) } }

    /// Adds the time since `start` to what a stage has worked.
    func worked(_ stage: String, since start: ContinuousClock.Instant) {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        update { $0.stageSeconds[stage, default: 0] += seconds }
    }
}
