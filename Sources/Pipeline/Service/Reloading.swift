package import Logging
internal import Synchronization

/// Runs with settings that can be read again on the way.
package struct Reloading<Settings: Sendable & Equatable>: Sendable {
    private let load: @Sendable () throws -> Settings
    private let logger: Logger
    private let supervision: Supervision

    /// - Parameter load: reads the settings afresh; what it throws is logged, and the run goes on as it was.
    package init(supervision: Supervision, logger: Logger, load: @escaping @Sendable () throws -> Settings) {
        self.load = load
        self.logger = logger
        self.supervision = supervision
    }

    /// What runs now, and what is to run after it.
    private final class Present: Sendable {
        let state: Mutex<(settings: Settings, stop: StopSignal, next: Settings?)>

        init(_ settings: Settings) { state = Mutex((settings, StopSignal(), nil)) }
    }

    /// Runs `job` with `first`; on a request with settings that differ, ends it in order (its last avatar is published) and
    /// runs it again with the new ones.
    /// - Parameter job: is given a stop signal of its own, and tells `supervision` what to watch.
    /// - Returns: what the last job returned.
    package func run<Result: Sendable>(
        _ first: Settings, stop: StopSignal, reload: ReloadSignal,
        job: @escaping @Sendable (Settings, StopSignal) async throws -> Result
    ) async throws -> Result {
        let present = Present(first)
        stop.whenGiven { present.state.withLock(\.stop).give() }
        async let listening: Void = listen(to: reload, present)
        defer { reload.finish() }
        while true {
            let (settings, inner) = present.state.withLock { ($0.settings, $0.stop) }
            if stop.isGiven { inner.give() }
            let result = try await job(settings, inner)
            let goesOn = present.state.withLock { state in
                guard let next = state.next, !stop.isGiven else { return false }
                state = (next, StopSignal(), nil)
                return true
            }
            if !goesOn {
                reload.finish()
                await listening
                return result
            }
        }
    }

    private func listen(to reload: ReloadSignal, _ present: Present) async {
        for await why in reload.requests {
            let new: Settings
            do { new = try load() } catch {
                supervision.reloads(andRestarts: false)
                logger.error(
                    "the settings cannot be used and stay as they were",
                    metadata: ["asked": "\(why)", "why": "\(error)"])
                continue
            }
            let ending = present.state.withLock { state -> StopSignal? in
                guard new != state.next ?? state.settings else { return nil }
                state.next = new
                return state.stop
            }
            supervision.reloads(andRestarts: ending != nil)
            logger.notice(
                ending == nil ? "settings read again: nothing changed" : "settings changed: going on with the new ones",
                metadata: ["asked": "\(why)"])
            ending?.give()
        }
    }
}
