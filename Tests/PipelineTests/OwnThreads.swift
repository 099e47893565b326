import Foundation
import Testing

/// Runs what a test does itself on threads of its own. Tests that wait for a process, a socket or a clock block them;
/// on the shared ones, of which there are as many as cores, they would keep the engine of all other tests waiting.
struct OwnThreads: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // A suite's own scope encloses its tests' scopes, which come here themselves.
        guard testCase != nil else { return try await function() }
        try await withTaskExecutorPreference(ThreadForEachJob()) { try await function() }
    }
}

extension Trait where Self == OwnThreads {
    static var ownThreads: Self { OwnThreads() }
}

private final class ThreadForEachJob: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let (job, executor) = (UnownedJob(job), asUnownedTaskExecutor())
        let thread = Thread { job.runSynchronously(on: executor) }
        // What tests do on the main thread's stack they may do here.
        thread.stackSize = 8 << 20
        thread.start()
    }
}
