/// Whether a pipeline gets on. Pure: it is shown the counters now and then, with a time in seconds.
package struct HealthWatch: Sendable {
    package enum Health: Sendable, Equatable {
        case good
        /// The stage that stands still, and for how many seconds.
        case stuck(stage: String, seconds: Double)
    }

    /// A stage may stand still for so long while there is something for it to do; seconds.
    package let patience: Double
    private var last: Counters?
    /// When something changed at all, and when frames were last tracked or none were waiting.
    private var changed = 0.0
    private var observed = 0.0

    package init(patience: Double = 30) { self.patience = patience }

    package mutating func look(_ counters: Counters, at seconds: Double) -> Health {
        defer { last = counters }
        guard let last else {
            (changed, observed) = (seconds, seconds)
            return .good
        }
        if counters != last { changed = seconds }
        let waits = counters.framesRead == last.framesRead
        if counters.framesObserved != last.framesObserved || waits { observed = seconds }
        switch counters.source {
        case .running:
            // The source has deadlines of its own: by then it would be `waiting`.
            if seconds - changed > patience { return .stuck(stage: "source", seconds: seconds - changed) }
            if seconds - observed > patience { return .stuck(stage: "tracking", seconds: seconds - observed) }
        case .ended:
            if seconds - changed > patience { return .stuck(stage: "finishing", seconds: seconds - changed) }
        case .opening, .waiting, .paused: break
        }
        return .good
    }

    /// Why the program cannot do its work at present, in one word; `nil` when it can.
    package static func reasonNotReady(_ counters: Counters) -> String? {
        guard counters.modelsLoaded else { return "models" }
        switch counters.source {
        case .opening: return "source"
        // Waiting is what it is there for: the camera's absence is told by its state.
        case .running, .waiting, .paused, .ended: return nil
        }
    }
}
