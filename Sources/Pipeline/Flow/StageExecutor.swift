internal import Dispatch

/// Runs a stage's long computations on a queue of its own, so that they never occupy the threads that move frames.
final class StageExecutor: TaskExecutor {
    private let queue: DispatchQueue

    init(_ name: String, quality: DispatchQoS = .userInitiated) {
        queue = DispatchQueue(label: "likeness.\(name)", qos: quality)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        queue.async { unowned.runSynchronously(on: executor) }
    }
}
