internal import Dispatch

extension RandomAccessCollection where Self: Sendable, Index == Int, Element: Sendable {
    /// `map` on all cores, results in order. For pure work of milliseconds and more an element.
    package func mapConcurrently<Result: Sendable>(_ transform: @Sendable (Element) -> Result) -> [Result] {
        guard count > 1 else { return map(transform) }
        var results = [Result?](repeating: nil, count: count)
        results.withUnsafeMutableBufferPointer { results in
            // Each iteration writes its own slot only.
            nonisolated(unsafe) let slots = results
            DispatchQueue.concurrentPerform(iterations: count) { i in
                slots[i] = transform(self[startIndex + i])
            }
        }
        return results.map { $0! }
    }
}
