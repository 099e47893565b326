internal import Dispatch
internal import Foundation
internal import Glibc
internal import Synchronization

/// Runs a stage on a thread of its own whose computations, and OpenMP's threads that it starts, stand back behind all other
/// work of the machine (nice 10).
final class LowPriorityExecutor: TaskExecutor {
    private let jobs: Mutex<[UnownedJob]> = Mutex([])
    private let waiting = DispatchSemaphore(value: 0)

    init(_ name: String) {
        let thread = Thread { [weak self, waiting] in
            // On Linux this is the calling thread's alone, and threads that it starts inherit it.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
            while true {
                waiting.wait()
                guard let self, let job = self.jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return }
                job.runSynchronously(on: self.asUnownedTaskExecutor())
            }
        }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    deinit { waiting.signal() }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        jobs.withLock { $0.append(unowned) }
        waiting.signal()
    }
}
