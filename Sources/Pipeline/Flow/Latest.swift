internal import Synchronization

/// The newest value of something that one stage makes and another one looks at when it likes.
package final class Latest<Value: Sendable>: Sendable {
    private let state = Mutex<(value: Value?, revision: Int)>((nil, 0))

    package init() {}

    package func set(_ value: Value) {
        state.withLock {
            $0.value = value
            $0.revision += 1
        }
    }

    /// The value, if it is newer than `revision`, which then is its own.
    package func newer(than revision: inout Int) -> Value? {
        state.withLock {
            guard $0.revision > revision else { return nil }
            revision = $0.revision
            return $0.value
        }
    }
}
