internal import Synchronization

/// The events that one client still has to get. Bounded: a client that is slower than its events loses old ones or the
/// connection, and whoever makes the events never waits.
package final class EventQueue: Sendable {
    package enum Policy: Sendable, Equatable {
        /// A new event replaces the one that waits.
        case newest
        /// So many may wait; one more ends the stream, and the client comes back and says what it had.
        case bounded(Int)
    }

    package enum Next: Sendable, Equatable {
        case event([UInt8])
        /// Nothing now; `wake` is called when there is.
        case nothing
        case end
    }

    private struct State: Sendable {
        var queue: EventQueueState
        var wake: (@Sendable () -> Void)?
    }

    private let state: Mutex<State>

    /// - Parameter first: sent before all others, whatever the policy.
    package init(_ policy: Policy, first: [[UInt8]] = []) {
        state = Mutex(State(queue: EventQueueState(policy: policy, first: first)))
    }

    package var isOver: Bool { state.withLock(\.queue.isOver) }

    package func push(_ event: [UInt8]) {
        state.withLock {
            $0.queue.push(event)
            return $0.wake
        }?()
    }

    /// Before everything that waits, and never replaced.
    package func pushFirst(_ event: [UInt8]) {
        state.withLock {
            $0.queue.pushFirst(event)
            return $0.wake
        }?()
    }

    /// No more events.
    package func finish() {
        state.withLock {
            $0.queue.finish()
            return $0.wake
        }?()
    }

    package func take() -> Next { state.withLock { $0.queue.take() } }

    /// Called after each push, from the pusher's thread.
    package func onPush(_ wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }

    /// The client is gone.
    package func abandon() {
        state.withLock {
            $0.queue.abandon()
            $0.wake = nil
        }
    }
}

/// The pure part of an `EventQueue`.
struct EventQueueState: Sendable {
    let policy: EventQueue.Policy
    private var first: [[UInt8]]
    private var waiting: [[UInt8]] = []
    private var finished = false

    init(policy: EventQueue.Policy, first: [[UInt8]] = []) {
        self.policy = policy
        self.first = first
    }

    /// Nothing will ever come out again.
    var isOver: Bool { finished && first.isEmpty && waiting.isEmpty }

    mutating func push(_ event: [UInt8]) {
        guard !finished else { return }
        switch policy {
        case .newest: waiting = [event]
        case .bounded(let most):
            if waiting.count < most { waiting.append(event) } else { abandon() }
        }
    }

    mutating func pushFirst(_ event: [UInt8]) {
        guard !finished else { return }
        first.append(event)
    }

    mutating func take() -> EventQueue.Next {
        if !first.isEmpty { return .event(first.removeFirst()) }
        if !waiting.isEmpty { return .event(waiting.removeFirst()) }
        return finished ? .end : .nothing
    }

    mutating func finish() { finished = true }

    mutating func abandon() {
        finished = true
        first = []
        waiting = []
    }
}
