internal import Dispatch
internal import Foundation
internal import Logging
internal import Pipeline

/// The first signal asks for an orderly end; one that comes a second or more after it ends at once. `timeout`, shells
/// and terminals give the same signal to a process and to its group: within the second it is the same request.
final class Signals {
    private let sources: [any DispatchSourceSignal]

    init(_ stop: StopSignal, _ roster: Roster, logger: Logger) {
        let queue = DispatchQueue(label: "signals")
        let pauses = [(SIGUSR1, roster.pause), (SIGUSR2, roster.resume)].map { number, action in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { action() }
            source.resume()
            return source
        }
        sources =
            pauses
            + [SIGINT, SIGTERM].map { number in
                // Not ignored until the source is there: what comes in between ends a program that has done nothing yet, while
                // one that ignored it would go on for ever.
                let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
                source.setEventHandler {
                    guard let given = stop.given else {
                        logger.info("ending: the last avatar is being finished; once more to end at once")
                        stop.give()
                        return
                    }
                    if ContinuousClock.now - given >= .seconds(1) { _exit(128 + number) }
                }
                source.resume()
                return source
            }
    }

    func end() { for source in sources { source.cancel() } }
}
