internal import Dispatch
internal import Foundation
internal import Glibc
internal import Synchronization

/// The threads that run a loop. Dispatch's have the usual priority, whoever asks; a thread that stands back behind other work
/// (`nice`, which on Linux is a thread's own) gets threads that it starts for the time of the loop, since these inherit it.
enum Crew {
    /// Within a loop on threads of its own, where all cores have their work: loops inside one are not shared out again.
    /// Dispatch does the same with its own.
    @TaskLocal private static var isAtWork = false

    /// `body` of `0..<count`, each once.
    static func perform(_ count: Int, _ body: @Sendable (Int) -> Void) {
        guard getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) > 0 else {
            return DispatchQueue.concurrentPerform(iterations: count, execute: body)
        }
        let hands = isAtWork ? 1 : min(ProcessInfo.processInfo.activeProcessorCount, count)
        guard hands > 1 else { return (0..<count).forEach(body) }
        withoutActuallyEscaping(body) { body in
            let loop = Loop(count: count, body: body)
            // Where the system gives no more threads, those that there are do it all.
            let others = (1..<hands).compactMap { _ in thread(loop) }
            loop.run()
            for other in others { pthread_join(other, nil) }
        }
    }

    /// Begun on a loop, which it lets go of before it can be joined.
    private static func thread(_ loop: Loop) -> pthread_t? {
        var thread = pthread_t()
        let given = Unmanaged.passRetained(loop)
        let status = pthread_create(
            &thread, nil,
            { given in
                Unmanaged<Loop>.fromOpaque(given!).takeRetainedValue().run()
                return nil
            }, given.toOpaque())
        guard status == 0 else {
            given.release()
            return nil
        }
        return thread
    }

    private final class Loop: Sendable {
        private let count: Int
        private let body: @Sendable (Int) -> Void
        private let begun = Atomic(0)

        init(count: Int, body: @escaping @Sendable (Int) -> Void) {
            self.count = count
            self.body = body
        }

        func run() {
            Crew.$isAtWork.withValue(true) {
                while true {
                    let next = begun.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard next < count else { return }
                    body(next)
                }
            }
        }
    }
}
