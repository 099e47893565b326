internal import Foundation
internal import Synchronization

/// The frames of one source, read by a thread of its own from the first `next()` on; for one consumer.
///
/// A blocking read never occupies the threads of the concurrency runtime. Cancelling the consumer's task, `stop()`, or
/// letting go of the stream ends the thread: the consumer is released at once, the thread as soon as FFmpeg asks.
package struct CapturedStream: AsyncSequence, Sendable {
    package typealias Element = Frame
    package typealias Failure = VideoError

    package enum Pace: Sendable, Equatable {
        /// The thread waits for the consumer: every frame is seen, the same ones each time.
        case everyFrame
        /// The newest frame replaces one that nobody has taken, which is counted: for what comes at its own pace.
        case newest
        /// As `newest`, with a file played as fast as it was recorded.
        case realTime
    }

    package struct Counters: Sendable, Equatable {
        /// Frames taken by the consumer.
        package var taken = 0
        /// Frames replaced by newer ones before anybody took them.
        package var dropped = 0
        package var reader = VideoStatistics()
    }

    private final class Handle: Sendable {
        let exchange: FrameExchange

        init(_ exchange: FrameExchange) {
            self.exchange = exchange
        }

        deinit { exchange.stop() }
    }

    private let handle: Handle

    /// - Parameter pace: `nil` is `newest` for a live source and `everyFrame` for any other.
    package init(_ source: VideoSource, options: VideoOptions = VideoOptions(), pace: Pace? = nil) {
        let pace = pace ?? (source.isLive ? .newest : .everyFrame)
        // A live source has its own pace already.
        let paced = source.isLive && pace == .realTime ? .newest : pace
        handle = Handle(FrameExchange(source, options: options, pace: paced))
    }

    package var counters: Counters { handle.exchange.counters }

    /// Ends the stream; the consumer sees its end.
    package func stop() { handle.exchange.stop() }

    /// Ends the stream and waits until the thread has let go of the source, which can then be opened again.
    package func close() async {
        handle.exchange.stop()
        await handle.exchange.waitForThread()
    }

    package func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

    package struct Iterator: AsyncIteratorProtocol {
        let stream: CapturedStream

        package mutating func next() async throws(VideoError) -> Frame? {
            try await next(isolation: nil)
        }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws(VideoError) -> Frame? {
            let exchange = stream.handle.exchange
            let result = await withTaskCancellationHandler {
                await exchange.take()
            } onCancel: {
                exchange.stop()
            }
            return try result.get()
        }
    }
}

/// Between the reading thread and the consumer. The thread holds only this, so letting go of the stream ends it.
private final class FrameExchange: Sendable {
    typealias Taken = Result<Frame?, VideoError>

    private struct State {
        var counters = CapturedStream.Counters()
        var isStarted = false
        /// Read ahead, oldest first.
        var frames: [Frame] = []
        var consumer: CheckedContinuation<Taken, Never>?
        /// Set once by the thread, or by a stop.
        var end: Taken?
        var threadHasEnded = false
        var waitingForThread: [CheckedContinuation<Void, Never>] = []
    }

    private static let readAhead = 2

    private let source: VideoSource
    private let options: VideoOptions
    private let pace: CapturedStream.Pace
    private let interruption = Interruption()
    private let state = Mutex(State())
    /// Room for another frame, under `everyFrame`; signalled once more by a stop.
    private let room = DispatchSemaphore(value: 0)
    /// Wakes the thread from its waiting for a frame's time.
    private let stopped = DispatchSemaphore(value: 0)

    init(_ source: VideoSource, options: VideoOptions, pace: CapturedStream.Pace) {
        self.source = source
        self.options = options
        self.pace = pace
        // Not its initial value: a semaphore must not end below that.
        for _ in 0..<Self.readAhead { room.signal() }
    }

    var counters: CapturedStream.Counters { state.withLock(\.counters) }

    func take() async -> Taken {
        startThread()
        return await withCheckedContinuation { continuation in
            let taken: Taken? = state.withLock { state in
                precondition(state.consumer == nil, "a captured stream has one consumer")
                if !state.frames.isEmpty {
                    state.counters.taken += 1
                    return .success(state.frames.removeFirst())
                }
                if let end = state.end {
                    // An error is told once.
                    state.end = .success(nil)
                    return end
                }
                state.consumer = continuation
                return nil
            }
            guard let taken else { return }
            if pace == .everyFrame, case .success(.some) = taken { room.signal() }
            continuation.resume(returning: taken)
        }
    }

    func stop() {
        interruption.request()
        room.signal()
        stopped.signal()
        let consumer = state.withLock { state in
            state.end = .success(nil)
            state.frames = []
            if !state.isStarted { state.threadHasEnded = true }
            state.isStarted = true
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume(returning: .success(nil))
    }

    func waitForThread() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.threadHasEnded { state.waitingForThread.append(continuation) }
                return state.threadHasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    private func startThread() {
        let isFirst = state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted
        }
        guard isFirst else { return }
        let thread = Thread { [self] in
            Thread.current.name = "capture"
            let end = Result { () throws(VideoError) -> Frame? in
                try read()
                return nil
            }
            // Here the reader is gone and the source closed.
            let (consumer, waiting) = state.withLock { state in
                let end = state.end ?? end
                state.threadHasEnded = true
                state.end = state.consumer == nil ? end : .success(nil)
                defer { (state.consumer, state.waitingForThread) = (nil, []) }
                return (state.consumer.map { ($0, end) }, state.waitingForThread)
            }
            if let (continuation, end) = consumer { continuation.resume(returning: end) }
            for continuation in waiting { continuation.resume() }
        }
        thread.stackSize = 2 << 20
        thread.start()
    }

    /// The thread's work: opens, reads to the end, closes.
    private func read() throws(VideoError) {
        var reader = try VideoReader(source, options: options, interruption: interruption)
        var start: DispatchTime?
        while let frame = try reader.next() {
            if pace == .realTime {
                let begun = start ?? .now()
                start = begun
                if stopped.wait(timeout: begun + frame.time) == .success { return }
            }
            if pace == .everyFrame { room.wait() }
            if interruption.isRequested { return }
            give(frame, reader.statistics)
        }
        let statistics = reader.statistics
        state.withLock { $0.counters.reader = statistics }
    }

    private func give(_ frame: Frame, _ statistics: VideoStatistics) {
        let consumer = state.withLock { state in
            state.counters.reader = statistics
            if let consumer = state.consumer {
                state.consumer = nil
                state.counters.taken += 1
                return Optional(consumer)
            }
            guard state.end == nil else { return nil }
            if pace != .everyFrame {
                state.counters.dropped += state.frames.count
                state.frames = []
            }
            state.frames.append(frame)
            return nil
        }
        guard let consumer else { return }
        if pace == .everyFrame { room.signal() }
        consumer.resume(returning: .success(frame))
    }
}
