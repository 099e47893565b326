import Pipeline
import Testing

@Suite struct EdgeTests {
    @Test func newestLosesTheOldAndCountsIt() async {
        let edge = Edge<Int>(.newest)
        for i in 1...5 { #expect(await edge.send(i)) }
        edge.finish()
        #expect(await edge.next() == 5)
        #expect(await edge.next() == nil)
        #expect(edge.lost == 4)
        #expect(await edge.send(6) == false)
    }

    @Test func newestOfEachKeyIsKept() async {
        let edge = Edge<Int>(.newest) { $0 % 2 }
        for i in 1...6 { _ = await edge.send(i) }
        edge.finish()
        #expect(await edge.next() == 5)
        #expect(await edge.next() == 6)
        #expect(await edge.next() == nil && edge.lost == 4)
    }

    @Test func suspendingLosesNothingAndKeepsOrder() async {
        let edge = Edge<Int>(.suspending(capacity: 2))
        let producer = Task {
            for i in 0..<1000 { _ = await edge.send(i) }
            edge.finish()
        }
        var received: [Int] = []
        while let element = await edge.next() { received.append(element) }
        await producer.value
        #expect(received == Array(0..<1000))
        #expect(edge.lost == 0)
    }

    @Test func finishWakesAWaitingReceiver() async {
        let edge = Edge<Int>(.newest)
        let receiver = Task { await edge.next() }
        await Task.yield()
        edge.finish()
        #expect(await receiver.value == nil)
    }

    @Test func anOfferIsTakenWhereThereIsRoomAndNeverWaits() async {
        let newest = Edge<Int>(.newest)
        #expect(newest.offer(1) && newest.offer(2) && newest.lost == 1)
        #expect(await newest.next() == 2)
        let receiver = Task { await newest.next() }
        await Task.yield()
        #expect(newest.offer(3))
        #expect(await receiver.value == 3)
        let one = Edge<Int>(.suspending(capacity: 1))
        #expect(one.offer(1) && !one.offer(2))
        #expect(await one.next() == 1)
        #expect(one.offer(3))
        one.finish()
        #expect(!one.offer(4))
        #expect(await one.next() == 3)
        #expect(await one.next() == nil)
    }
}
