internal import Synchronization

/// One at a time, in the order of asking, without blocking a thread.
package final class Turns: Sendable {
    private struct State {
        var isTaken = false
        var asked = 0
        var waiting: [(number: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Waits for the turn.
    /// - Returns: `true` where the turn is the caller's, who gives it on with `give`; `false` where its task was cancelled first.
    package func take() async -> Bool {
        let number = state.withLock { state in
            state.asked += 1
            return state.asked
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if Task.isCancelled { return false }
                    if !state.isTaken {
                        state.isTaken = true
                        return true
                    }
                    state.waiting.append((number, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let left = state.withLock { state in
                state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0).continuation }
            }
            left?.resume(returning: false)
        }
    }

    package func give() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            precondition(state.isTaken, "a turn is given that nobody took")
            guard !state.waiting.isEmpty else {
                state.isTaken = false
                return nil
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
