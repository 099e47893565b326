internal import Synchronization

/// Between two stages: elements in order, one consumer, and a policy for when the consumer is slower.
///
/// A policy is a value, so the same pipeline loses frames on a live source and none on a file. The state is
/// `EdgeState`, which knows no task; this shell takes the lock and resumes continuations outside it.
package final class Edge<Element: Sendable>: Sendable {
    package enum Policy: Sendable, Equatable {
        /// Keeps the newest element of each key; the one it replaces is lost and counted.
        case newest
        /// Keeps up to `capacity` elements; `send` suspends while it is full.
        case suspending(capacity: Int)
    }

    private let state: Mutex<EdgeState<Element>>

    /// - Parameter key: elements of different keys never replace each other.
    package init(_ policy: Policy, key: @escaping @Sendable (Element) -> Int = { _ in 0 }) {
        state = Mutex(EdgeState(policy: policy, key: key))
    }

    /// Elements lost to newer ones so far.
    package var lost: Int { state.withLock(\.lost) }

    /// What its consumer is at.
    package var activity: StageActivity { state.withLock(\.activity) }

    /// The consumer is at the same element still, and getting on.
    package func isGettingOn() {
        state.withLock { $0.activity = StageActivity(isBusy: true, steps: $0.activity.steps + 1) }
    }

    /// The consumer waits for something else than its own work; `isGettingOn` ends it.
    package func isResting() { state.withLock { $0.activity.isBusy = false } }

    /// Whether `next` would return an element at once.
    package var isWaiting: Bool { state.withLock { !$0.buffer.isEmpty } }

    /// Whether nothing more can be sent.
    package var isFinished: Bool { state.withLock(\.finished) }

    /// Hands over an element; returns false when the edge is closed and the element is lost.
    package func send(_ element: Element) async -> Bool {
        await withCheckedContinuation { (sender: CheckedContinuation<Bool, Never>) in
            let action = state.withLock { $0.send(element, sender: sender) }
            action.perform()
        }
    }

    /// Hands over an element if that takes no waiting: for a stage in the middle of its work.
    /// - Returns: whether it was taken; it is lost when not.
    @discardableResult
    package func offer(_ element: Element) -> Bool {
        let action = state.withLock { $0.offer(element) }
        action?.perform()
        return action != nil
    }

    /// The next element, or `nil` once the edge is closed and empty.
    package func next() async -> Element? {
        await withCheckedContinuation { (receiver: CheckedContinuation<Element?, Never>) in
            let action = state.withLock { $0.next(receiver: receiver) }
            action.perform()
        }
    }

    /// No more elements; those inside can still be received.
    package func finish() {
        let action = state.withLock { $0.finish() }
        action.perform()
    }
}

/// Whether a stage has something to do, and how far it got: a stage that hangs is busy at the same step for long.
package struct StageActivity: Sendable, Equatable {
    package var isBusy = false
    package var steps = 0

    package init(isBusy: Bool = false, steps: Int = 0) {
        self.isBusy = isBusy
        self.steps = steps
    }
}

/// The pure part of an `Edge`: every input returns which continuations to resume, with what.
struct EdgeState<Element: Sendable>: Sendable {
    typealias Sender = CheckedContinuation<Bool, Never>
    typealias Receiver = CheckedContinuation<Element?, Never>

    struct Action {
        var senders: [(Sender, Bool)] = []
        var receiver: (Receiver, Element?)?

        func perform() {
            for (sender, accepted) in senders { sender.resume(returning: accepted) }
            if let (receiver, element) = receiver { receiver.resume(returning: element) }
        }
    }

    let policy: Edge<Element>.Policy
    let key: @Sendable (Element) -> Int
    private(set) var lost = 0
    var activity = StageActivity()
    private(set) var buffer: [Element] = []
    private var waitingSenders: [(Element, Sender)] = []
    private var waitingReceiver: Receiver?
    private(set) var finished = false

    init(policy: Edge<Element>.Policy, key: @escaping @Sendable (Element) -> Int) {
        self.policy = policy
        self.key = key
    }

    mutating func send(_ element: Element, sender: Sender) -> Action {
        if finished { return Action(senders: [(sender, false)]) }
        guard var action = offer(element) else {
            waitingSenders.append((element, sender))
            return Action()
        }
        action.senders.append((sender, true))
        return action
    }

    /// - Returns: `nil` where the element was not taken: there is no room, or nothing more can be sent.
    mutating func offer(_ element: Element) -> Action? {
        if finished { return nil }
        if let receiver = waitingReceiver {
            waitingReceiver = nil
            activity = StageActivity(isBusy: true, steps: activity.steps + 1)
            return Action(receiver: (receiver, element))
        }
        switch policy {
        case .newest:
            let before = buffer.count
            let (key, own) = (key, key(element))
            buffer.removeAll { key($0) == own }
            lost += before - buffer.count
        case .suspending(let capacity):
            guard buffer.count < capacity else { return nil }
        }
        buffer.append(element)
        return Action()
    }

    mutating func next(receiver: Receiver) -> Action {
        precondition(waitingReceiver == nil, "an edge has one consumer")
        activity = StageActivity(isBusy: !buffer.isEmpty, steps: activity.steps + 1)
        guard !buffer.isEmpty else {
            if finished { return Action(receiver: (receiver, nil)) }
            waitingReceiver = receiver
            return Action()
        }
        let element = buffer.removeFirst()
        var action = Action(receiver: (receiver, element))
        if !waitingSenders.isEmpty {
            let (waiting, sender) = waitingSenders.removeFirst()
            buffer.append(waiting)
            action.senders = [(sender, true)]
        }
        return action
    }

    mutating func finish() -> Action {
        guard !finished else { return Action() }
        finished = true
        var action = Action()
        buffer += waitingSenders.map(\.0)
        action.senders = waitingSenders.map { ($0.1, true) }
        waitingSenders = []
        if let receiver = waitingReceiver {
            waitingReceiver = nil
            action.receiver = (receiver, nil)
        }
        return action
    }
}
