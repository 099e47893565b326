internal import Foundation
package import Logging
internal import Synchronization

/// Watches the runs of this process while they go: tells the service manager how it stands, and stops feeding its watchdog
/// when one of them hangs.
package final class Supervision: Sendable {
    /// A run that is watched, by the name that its status line begins with ("" where there is only one).
    package typealias Watched = (name: String, isLive: Bool, report: Report)

    private let manager: ServiceManager?
    private let logger: Logger
    private let state: Mutex<State>

    private struct State {
        var runs: [Watched] = []
        var watches: [String: ProgressWatch] = [:]
        var announcements: Announcements
        /// The runs are being replaced by others.
        var awaitsRuns = false
        var isEnding = false
        var complained: Set<String> = []
    }

    package init(manager: ServiceManager?, logger: Logger) {
        self.manager = manager
        self.logger = logger
        state = Mutex(State(announcements: Announcements(watchdog: manager?.watchdog)))
    }

    /// A service manager listens.
    package var isManaged: Bool { manager != nil }

    /// From here on these runs are the ones; whatever was reloaded is done once they are ready.
    package func watch(_ runs: [Watched]) {
        state.withLock {
            $0.runs = runs
            $0.awaitsRuns = false
            $0.watches = [:]
            $0.complained = []
        }
    }

    /// The settings were read again.
    /// - Parameter andRestarts: READY=1 follows when the runs that are watched by then are ready, otherwise at once.
    package func reloads(andRestarts: Bool) {
        manager?.tell("RELOADING=1", "MONOTONIC_USEC=\(ServiceManager.monotonicMicroseconds)")
        state.withLock {
            $0.announcements.reloads()
            $0.awaitsRuns = andRestarts
        }
    }

    package func ends() {
        let first = state.withLock { state in
            defer { state.isEnding = true }
            return !state.isEnding
        }
        if first { manager?.tell("STOPPING=1", "STATUS=finishing the last avatar") }
    }

    /// Until it is cancelled.
    package func run() async {
        guard manager != nil else { return }
        while !Task.isCancelled {
            look(at: .now)
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    private func look(at now: ContinuousClock.Instant) {
        let (lines, complaint) = state.withLock { state in
            var hanging: String?
            var status: [String] = []
            for run in state.runs {
                let counters = run.report.now
                let sample = ProgressWatch.Sample(
                    source: counters.source, lastFrame: counters.lastFrame, isLive: run.isLive,
                    stages: run.report.stages)
                if let problem = state.watches[run.name, default: ProgressWatch()].problem(sample, at: now) {
                    hanging = run.name.isEmpty ? problem.what : "\(run.name): \(problem.what)"
                }
                let text = StatusLine.service(counters, at: now)
                status.append(run.name.isEmpty ? text : "\(run.name): \(text)")
            }
            let ready =
                !state.awaitsRuns && !state.runs.isEmpty && state.runs.allSatisfy { $0.report.now.isReady }
            var lines: [String] = []
            let quiet = state.runs.isEmpty || state.isEnding
            for line in state.announcements.due(
                at: now, ready: ready, status: status.joined(separator: "; "), hanging: hanging)
            where !(quiet && line.hasPrefix("STATUS=")) {
                lines.append(line)
            }
            let isNew = hanging.map { state.complained.insert($0).inserted } ?? false
            return (lines, isNew ? hanging : nil)
        }
        if !lines.isEmpty { manager?.tell(lines.joined(separator: "\n")) }
        if let complaint {
            logger.error(
                "\(complaint) hangs: the watchdog is no longer fed, and the service manager starts the program anew")
        }
    }
}
