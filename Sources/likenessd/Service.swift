internal import Dispatch
internal import Foundation
internal import Logging
internal import Pipeline

/// A job as a service: settings are read again on SIGHUP and when one of their files changes, and the service manager is
/// told how it stands.
struct Service: Sendable {
    let supervision: Supervision
    private let logger: Logger
    private let files: [String]

    /// - Parameter files: that the settings come from.
    init(logger: Logger, files: [String]) {
        supervision = Supervision(manager: ServiceManager(), logger: logger)
        self.logger = logger
        self.files = files
    }

    /// - Parameters:
    ///   - load: reads the settings afresh.
    ///   - job: must end when its stop signal is given, and tells `supervision` what to watch.
    func run<Settings: Sendable & Equatable, Result: Sendable>(
        _ first: Settings, load: @escaping @Sendable () throws -> Settings, stop: StopSignal,
        job: @escaping @Sendable (Settings, StopSignal) async throws -> Result
    ) async throws -> Result {
        let reload = ReloadSignal()
        stop.whenGiven { supervision.ends() }
        let watching = Task { await supervision.run() }
        let hangUp = Self.hangUp(reload, isManaged: supervision.isManaged)
        let changes = files.isEmpty ? nil : DirectoryWatch(files: files) { reload.request("\($0) changed") }
        if changes == nil, !files.isEmpty {
            logger.warning("changes of the settings are not noticed by themselves: send SIGHUP after one")
        }
        defer {
            supervision.ends()
            watching.cancel()
            hangUp?.cancel()
            withExtendedLifetime(changes) {}
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
