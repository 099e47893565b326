internal import Synchronization
package import Video

/// What one run is asked to do; everything that can also stand in a preset is in `Configuration`.
package struct RunSettings: Sendable, Equatable {
    package var source: VideoSource
    package var output: String
    package var subject: String
    /// Stop when a live source ends, instead of opening it again.
    package var untilEnd: Bool
    /// Wait for a live source that is not there yet, instead of failing.
    package var waitsForSource = false
    /// Play a file at its own pace, like a camera.
    package var realTime: Bool
    /// A file or named pipe for the person's motion, frame by frame.
    package var motion: String?
    /// The directory of checkpoints; none are kept where there is none.
    package var state: String?
    /// Other files that the run writes, which show the person.
    package var made: [String] = []
    /// Somebody said that this subject may be captured; else the source stays closed.
    package var isEnrolled = true

    package init(
        source: VideoSource, output: String, subject: String, untilEnd: Bool, realTime: Bool, motion: String? = nil
    ) {
        self.source = source
        self.output = output
        self.subject = subject
        self.untilEnd = untilEnd
        self.realTime = realTime
        self.motion = motion
    }

    /// Name of the published avatar of a person, counted from 0.
    package func subject(ofPerson person: Int) -> String { person == 0 ? subject : "\(subject)-\(person + 1)" }

    /// The newest frame wins; otherwise every frame is seen.
    package var isLive: Bool { source.isLive || realTime }
}

/// "Finish what you have and end", from a signal or a failed stage to whoever blocks on a source.
package final class StopSignal: Sendable {
    private struct State: Sendable {
        var given: ContinuousClock.Instant?
        var handlers: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    package var isGiven: Bool { given != nil }

    /// When it was first given.
    package var given: ContinuousClock.Instant? { state.withLock(\.given) }

    package func give() {
        let handlers = state.withLock { state in
            defer { state.handlers = [] }
            state.given = state.given ?? .now
            return state.handlers
        }
        for handler in handlers { handler() }
    }

    /// Calls `handler` when the signal is given, or now if it was.
    package func whenGiven(_ handler: @escaping @Sendable () -> Void) {
        let now = state.withLock { state in
            if state.given == nil { state.handlers.append(handler) }
            return state.given != nil
        }
        if now { handler() }
    }
}
