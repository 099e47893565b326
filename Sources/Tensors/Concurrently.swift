internal import Synchronization

extension RandomAccessCollection where Self: Sendable, Index == Int, Element: Sendable {
    /// `map` on all cores at the caller's priority, results in order. For pure work of milliseconds and more an element.
    package func mapConcurrently<Result: Sendable>(_ transform: @Sendable (Element) -> Result) -> [Result] {
        guard count > 1 else { return map(transform) }
        var results = [Result?](repeating: nil, count: count)
        results.withUnsafeMutableBufferPointer { results in
            // Each iteration writes its own slot only.
            nonisolated(unsafe) let slots = results
            Crew.perform(count) { i in
                slots[i] = transform(self[startIndex + i])
            }
        }
        return results.map { $0! }
    }
}

/// Parts of one work, some of which have to wait for others, on several threads of the caller's priority. Every closure but
/// `work` is called by one thread at a time, so they may share what they decide by.
/// - Parameters:
///   - workers: parts at a time at most.
///   - take: the next part that may be begun; `nil` where none may be until another is finished, or at all.
///   - work: on a part, as worker `0..<workers`, which works on one at a time; what it tells goes to `told`, whose answer it gets.
///   - told: news of a part under way.
///   - finish: what came of a part.
package func workSideBySide<Part, News, Outcome>(
    workers: Int, take: () -> Part?, work: (_ part: Part, _ worker: Int, _ tell: (News) -> Bool) -> Outcome,
    told: (News) -> Bool, finish: (Part, Outcome) -> Void
) {
    precondition(workers > 0, "\(workers) workers")
    withoutActuallyEscaping(take) { take in
        withoutActuallyEscaping(work) { work in
            withoutActuallyEscaping(told) { told in
                withoutActuallyEscaping(finish) { finish in
                    let parts = Parts(take: take, work: work, told: told, finish: finish)
                    while parts.workOn(workers: workers) {}
                }
            }
        }
    }
}

/// Safe between threads by `turn`: closures are called behind it, but for `work`.
private final class Parts<Part, News, Outcome>: @unchecked Sendable {
    private let take: () -> Part?
    private let work: (Part, Int, (News) -> Bool) -> Outcome
    private let told: (News) -> Bool
    private let finish: (Part, Outcome) -> Void
    private let turn = Mutex(())

    init(
        take: @escaping () -> Part?, work: @escaping (Part, Int, (News) -> Bool) -> Outcome,
        told: @escaping (News) -> Bool, finish: @escaping (Part, Outcome) -> Void
    ) {
        (self.take, self.work, self.told, self.finish) = (take, work, told, finish)
    }

    /// Works until one of the workers finds nothing to do: with what is left they begin anew, or one does it alone, whose own loops
    /// then use all cores.
    /// - Returns: whether there was anything.
    func workOn(workers: Int) -> Bool {
        nonisolated(unsafe) let first = turn.withLock { _ in (0..<workers).compactMap { _ in take() } }
        nonisolated(unsafe) var isShort = false
        _ = first.indices.mapConcurrently { worker in
            self.work(first[worker], as: worker)
            guard first.count > 1 else { return }
            while true {
                nonisolated(unsafe) var next: Part?
                self.turn.withLock { _ in
                    next = isShort ? nil : self.take()
                    isShort = next == nil
                }
                guard let next else { return }
                self.work(next, as: worker)
            }
        }
        return !first.isEmpty
    }

    private func work(_ part: Part, as worker: Int) {
        let outcome = work(part, worker) { news in turn.withLock { _ in told(news) } }
        turn.withLock { _ in finish(part, outcome) }
    }
}
