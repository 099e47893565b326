import Dispatch
import Foundation
import Glibc
import Tensors
import Testing

/// Parts that wait for each other. Truth: the rules by which they may begin.
@Suite struct ConcurrentlyTests {
    /// Part k waits for part k / 2; each takes its time.
    @Test(arguments: [1, 2, 4]) func everyPartIsDoneOnceBehindThoseThatItWaitsFor(workers: Int) {
        let count = 60
        var (left, running, done) = (Array(1..<count), Set<Int>(), [0])
        var (told, most, busy) = (0, 0, Set<Int>())
        workSideBySide(workers: workers) { () -> Int? in
            guard let place = left.firstIndex(where: { done.contains($0 / 2) }) else { return nil }
            running.insert(left[place])
            most = max(most, running.count)
            return left.remove(at: place)
        } work: { part, worker, tell -> Int in
            #expect((0..<workers).contains(worker))
            #expect(tell((worker, true)))
            var sum = 0.0
            for i in 0..<20_000 { sum += Double(i * part % 7) }
            #expect(tell((worker, false)))
            return sum >= 0 ? part : -1
        } told: { (news: (worker: Int, begins: Bool)) -> Bool in
            told += 1
            // No worker has two parts.
            return news.begins ? busy.insert(news.worker).inserted : busy.remove(news.worker) != nil
        } finish: { part, outcome in
            #expect(part == outcome && running.remove(part) != nil)
            done.append(part)
        }
        #expect(done.sorted() == Array(0..<count) && told == 2 * (count - 1) && busy.isEmpty)
        #expect((1...workers).contains(most))
    }

    @Test func twoPartsAreUnderWayAtATime() {
        let (first, second) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        var (left, met) = ([0, 1], 0)
        workSideBySide(workers: 2) {
            left.popLast()
        } work: { part, _, _ -> Bool in
            // Each waits for the other; a minute, should all threads be busy elsewhere.
            (part == 0 ? first : second).signal()
            return (part == 0 ? second : first).wait(timeout: .now() + 60) == .success
        } told: { (_: Int) in
            true
        } finish: { _, didMeet in
            met += didMeet ? 1 : 0
        }
        #expect(met == 2)
    }

    @Test func whoIsToldToStopTakesNothingMore() {
        var (taken, steps) = (0, 0)
        workSideBySide(workers: 2) { () -> Int? in
            guard steps < 10 else { return nil }
            taken += 1
            return taken
        } work: { _, _, tell -> Bool in
            for _ in 0..<4 where !tell(()) { return false }
            return true
        } told: { (_: Void) in
            steps += 1
            return steps < 10
        } finish: { _, _ in
        }
        #expect((10...11).contains(steps) && taken <= 4)
    }

    /// Truth: what the system says of each thread. Both cores are at work, or nothing would be told.
    @Test(arguments: [0, 10]) func loopsRunAtTheCallersPriority(nice: Int32) async {
        let found: (own: Int32, nices: [Int32], threads: Int, sum: Int) = await withCheckedContinuation {
            continuation in
            Thread {
                _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, nice)
                let own = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
                let here = DispatchSemaphore(value: 0)
                let seen = Array(0..<40).mapConcurrently { k -> (nice: Int32, thread: UInt, inner: Int) in
                    // The first two wait for each other; a minute, should there be one core only.
                    if k < 2 {
                        here.signal()
                        if k == 0 { _ = (0..<2).map { _ in here.wait(timeout: .now() + 60) } }
                    }
                    let inner = Array(0..<8).mapConcurrently { k * $0 }.reduce(0, +)
                    return (getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0), UInt(pthread_self()), inner)
                }
                continuation.resume(
                    returning: (own, seen.map(\.nice), Set(seen.map(\.thread)).count, seen.reduce(0) { $0 + $1.inner }))
            }.start()
        }
        #expect(found.own >= nice && found.nices.allSatisfy { $0 == found.own })
        #expect(found.threads > 1 || ProcessInfo.processInfo.activeProcessorCount == 1)
        #expect(found.sum == (0..<40).reduce(0) { $0 + 28 * $1 })
    }
}
