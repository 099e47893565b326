/// How it stands with the source. "No face" is no state of the source: pictures come, and nobody is in them.
package enum SourceState: Sendable, Equatable {
    /// Being opened, at the latest until then.
    case opening(until: ContinuousClock.Instant)
    /// Pictures come.
    case running
    /// Lost, or not there yet; it is opened (again) then.
    case waiting(why: String, until: ContinuousClock.Instant)
    /// Asking again would not help: a wrong password, or an address that cannot be meant.
    case refused(why: String)
    /// Nothing is wrong with it, and nothing may be seen.
    case closed(Closed)
    /// The film is over, or the run was asked to end.
    case ended

    package enum Closed: String, Sendable, Equatable, CaseIterable {
        case paused
        case notEnrolled = "waiting for enrolment"
    }

    /// All names that there are.
    package static let names = ["opening", "running", "waiting", "refused", "paused", "unenrolled", "ended"]

    /// One word, for counters and machines.
    package var name: String {
        switch self {
        case .opening: "opening"
        case .running: "running"
        case .waiting: "waiting"
        case .refused: "refused"
        case .closed(.paused): "paused"
        case .closed(.notEnrolled): "unenrolled"
        case .ended: "ended"
        }
    }
}
