/// What to tell the service manager, and when. Pure.
///
/// READY=1 comes once all are ready, STATUS= at most once a second and only when it changed, WATCHDOG=1 at half the
/// watchdog's time and only while there is progress.
package struct Announcements: Sendable {
    private let watchdog: Duration?
    private var isReady = false
    private var status = ""
    private var lastStatus: ContinuousClock.Instant?
    private var lastFeeding: ContinuousClock.Instant?

    package init(watchdog: Duration?) {
        self.watchdog = watchdog
    }

    /// - Parameters:
    ///   - ready: everything is checked and loaded.
    ///   - hanging: what makes no progress.
    package mutating func due(
        at now: ContinuousClock.Instant, ready: Bool, status new: String, hanging: String?
    ) -> [String] {
        var lines: [String] = []
        if ready, !isReady {
            isReady = true
            lines.append("READY=1")
        }
        let text = hanging.map { "\($0) hangs" } ?? new
        if text != status, lastStatus.map({ now - $0 >= .seconds(1) }) ?? true {
            status = text
            lastStatus = now
            lines.append("STATUS=\(text)")
        }
        if let watchdog, hanging == nil, lastFeeding.map({ now - $0 >= watchdog / 2 }) ?? true {
            lastFeeding = now
            lines.append("WATCHDOG=1")
        }
        return lines
    }

    /// The manager was told that the service is busy with itself; READY=1 is due again when it no longer is.
    package mutating func reloads() { isReady = false }
}
