import Foundation
import Tensors
import Testing
import Video

/// The thread between a source and its consumer. Truth: the clip's own frames, and the clock where a bound is meant.
@Suite(.serialized) struct CaptureTests {
    @Test func aFileIsSeenWholeByASlowConsumer() async throws {
        let folder = try Folder()
        let path = try Clip.write(folder("a.mp4"), frames: 24)
        let stream = CapturedStream(.file(path: path))
        var seen: [Frame] = []
        for try await frame in stream {
            if frame.number % 8 == 0 { try await Task.sleep(for: .milliseconds(20)) }
            seen.append(frame)
        }
        let isSame = try seen.map(\.image) == Clip.frames(path).map(\.image)
        #expect(isSame)
        #expect(stream.counters.taken == 24 && stream.counters.dropped == 0 && stream.counters.reader.frames == 24)
        var iterator = stream.makeAsyncIterator()
        #expect(try await iterator.next() == nil)
    }

    @Test func newestFrameWins() async throws {
        let folder = try Folder()
        let path = try Clip.write(folder("a.mp4"), frames: 40)
        let stream = CapturedStream(.file(path: path), pace: .newest)
        var numbers: [Int] = []
        for try await frame in stream {
            numbers.append(frame.number)
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
        #expect(numbers.last == 39, "the newest is never lost")
        #expect(stream.counters.dropped == 40 - numbers.count && stream.counters.dropped > 0)
    }

    @Test func realTimeTakesTheClipsOwnTime() async throws {
        let folder = try Folder()
        let path = try Clip.write(folder("a.mp4"), frames: 16)
        let start = ContinuousClock.now
        var last = 0.0
        for try await frame in CapturedStream(.file(path: path), pace: .realTime) { last = frame.time }
        #expect(ContinuousClock.now - start >= .seconds(last - 0.001))
        #expect(abs(last - 0.5) < 1e-3)
    }

    @Test func anErrorIsThrownOnceThenTheEnd() async throws {
        let stream = CapturedStream(.file(path: "/no/such/clip.mp4"))
        var iterator = stream.makeAsyncIterator()
        await #expect(throws: VideoError(.noSuchInput, source: "/no/such/clip.mp4")) { try await iterator.next() }
        #expect(try await iterator.next() == nil)
    }

    /// A named pipe to which nobody writes: the thread waits for ever, until it is told not to.
    @Test func cancellingEndsTheThread() async throws {
        let folder = try Folder()
        #expect(mkfifo(folder("pipe"), 0o600) == 0)
        var options = VideoOptions()
        options.openSeconds = 60
        let stream = CapturedStream(.file(path: folder("pipe")), options: options)
        let consumer = Task { () -> Duration in
            for try await _ in stream {}
            return .zero
        }
        try await Task.sleep(for: .milliseconds(100))
        let start = ContinuousClock.now
        consumer.cancel()
        _ = try await consumer.value
        await stream.close()
        let took = ContinuousClock.now - start
        #expect(took < .milliseconds(100), "\(took)")
    }

    @Test func stoppingWhilePlayingInRealTimeIsQuick() async throws {
        let folder = try Folder()
        let stream = CapturedStream(.file(path: try Clip.write(folder("a.mp4"), frames: 90)), pace: .realTime)
        var iterator = stream.makeAsyncIterator()
        _ = try await iterator.next()
        let start = ContinuousClock.now
        await stream.close()
        #expect(ContinuousClock.now - start < .milliseconds(100))
        #expect(try await iterator.next() == nil)
    }

    @Test func aStreamThatIsLetGoOfEndsAndOneNeverStartedToo() async throws {
        let folder = try Folder()
        let path = try Clip.write(folder("a.mp4"))
        for _ in 0..<50 {
            let stream = CapturedStream(.file(path: path))
            var iterator = stream.makeAsyncIterator()
            #expect(try await iterator.next()?.number == 0)
        }
        await CapturedStream(.file(path: path)).close()
    }
}
