/// What the source does. "The camera is down" and "nobody is in view" are different things: the second is `running`.
package enum SourceState: String, Sendable, Equatable, Codable, CaseIterable {
    case opening
    case running
    /// Lost, and opened again after a while.
    case waiting
    /// By the user's wish.
    case paused
    /// Read to its end; what was seen is being finished.
    case ended
}
