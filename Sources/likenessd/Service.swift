internal import Dispatch
internal import Foundation
internal import Logging
internal import Pipeline
internal import Synchronization

/// A job as a service: settings are read again on SIGHUP and when one of their files changes, and the service manager is
/// told how it stands.
struct Service: Sendable {
    let supervision: Supervision
    private let logger: Logger
    private let reload = ReloadSignal()
    private let watched = Watched()

    /// The files that are watched now.
    private final class Watched: Sendable {
        struct State {
            var files: [String] = []
            var watch: DirectoryWatch?
        }
        let state = Mutex(State())
    }

    init(logger: Logger) {
        supervision = Supervision(manager: ServiceManager(), logger: logger)
        self.logger = logger
    }

    /// - Parameter files: that the settings come from, from here on.
    func watch(_ files: [String]) {
        let isNoticed = watched.state.withLock { state in
            guard files != state.files else { return true }
            let reload = reload
            state.files = files
            state.watch = files.isEmpty ? nil : DirectoryWatch(files: files) { reload.request("\($0) changed") }
            return files.isEmpty || state.watch != nil
        }
        if !isNoticed {
            logger.warning("changes of the settings are not noticed by themselves: send SIGHUP after one")
        }
    }

    /// - Parameters:
    ///   - load: reads the settings afresh.
    ///   - job: must end when its stop signal is given, and tells `supervision` what to watch.
    func run<Settings: Sendable & Equatable, Result: Sendable>(
        _ first: Settings, load: @escaping @Sendable () throws -> Settings, stop: StopSignal,
        job: @escaping @Sendable (Settings, StopSignal) async throws -> Result
    ) async throws -> Result {
        stop.whenGiven { supervision.ends() }
        let watching = Task { await supervision.run() }
        let hangUp = Self.hangUp(reload, isManaged: supervision.isManaged)
        defer {
            supervision.ends()
            watching.cancel()
            hangUp?.cancel()
            watched.state.withLock { $0.watch = nil }
        }
        return try await Reloading(supervision: supervision, logger: logger, load: load)
            .run(first, stop: stop, reload: reload, job: job)
    }

    /// SIGHUP asks for a reload under a service manager, and where no terminal can mean by it that it was closed.
    private static func hangUp(_ reload: ReloadSignal, isManaged: Bool) -> (any DispatchSourceSignal)? {
        let terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)
        if terminal >= 0 {
            close(terminal)
            if !isManaged { return nil }
        }
        signal(SIGHUP, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: DispatchQueue(label: "reload"))
        source.setEventHandler { reload.request("SIGHUP") }
        source.resume()
        return source
    }
}
