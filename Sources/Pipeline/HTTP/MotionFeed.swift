internal import Synchronization

/// The person's motion for whoever listens now: the newest line wins, and without listeners none is made.
package final class MotionFeed: Sendable {
    private struct State {
        /// The line that names the weights.
        var header: String?
        var listeners: [(person: Int, queue: EventQueue)] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether following the person is worth the while.
    package var isWanted: Bool {
        state.withLock {
            $0.listeners.removeAll { $0.queue.isOver }
            return !$0.listeners.isEmpty
        }
    }

    /// Tells what the weights of the lines to come are; listeners who are there already get it as well.
    package func begin(header: String) {
        let listeners = state.withLock {
            $0.header = header
            return $0.listeners
        }
        for listener in listeners { listener.queue.pushFirst(Self.event(header, name: "names")) }
    }

    package func send(_ line: String, person: Int) {
        let listeners = state.withLock { $0.listeners.filter { $0.person == person } }
        guard !listeners.isEmpty else { return }
        let event = Self.event(line, name: nil)
        for listener in listeners { listener.queue.push(event) }
    }

    /// - Parameter person: counted from 0.
    package func subscribe(person: Int) -> EventQueue {
        state.withLock {
            let queue = EventQueue(.newest, first: $0.header.map { [Self.event($0, name: "names")] } ?? [])
            $0.listeners.append((person, queue))
            return queue
        }
    }

    private static func event(_ line: String, name: String?) -> [UInt8] {
        let data = line.hasSuffix("\n") ? String(line.dropLast()) : line
        return Array(((name.map { "event: \($0)\n" } ?? "") + "data: \(data)\n\n").utf8)
    }
}
