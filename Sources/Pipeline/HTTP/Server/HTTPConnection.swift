internal import NIOCore
internal import NIOHTTP1

/// One client: request in, answer out, then the next request. Lives on its event loop.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let piece = 32 << 10

    private enum Writing {
        case nothing
        case file(ServedFile, offset: Int)
        case events(EventQueue)
    }

    private let shared: HTTPServer.Shared
    private var head: HTTPRequestHead?
    private var bodyBytes = 0
    private var tooLarge = false
    private var writing = Writing.nothing
    private var keepsAlive = true
    /// An answer with an end is being made or sent.
    private var isAnswering = false {
        didSet {
            guard isAnswering != oldValue else { return }
            if isAnswering { shared.answerBegins() } else { shared.answerEnds() }
        }
    }
    private var deadline: Scheduled<Void>?
    private var heartbeat: RepeatedTask?

    init(_ shared: HTTPServer.Shared) { self.shared = shared }

    // MARK: Request

    func channelActive(context: ChannelHandlerContext) {
        expect(within: shared.limits.requestSeconds, context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            bodyBytes = 0
            tooLarge = false
        case .body(let bytes):
            bodyBytes += bytes.readableBytes
            guard bodyBytes > shared.limits.bodyBytes, !tooLarge else { return }
            tooLarge = true
            // Answered before it is all there; the rest is not read.
            keepsAlive = false
            begin(.text(413, "the request's body is too large"), isHead: false, context)
        case .end:
            guard let head, !tooLarge else { return }
            deadline?.cancel()
            deadline = nil
            isAnswering = true
            keepsAlive = head.isKeepAlive
            let request = HTTPRequest(
                method: head.method.rawValue, target: head.uri, headers: head.headers.map { ($0.name, $0.value) })
            let isHead = head.method == .HEAD
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            let (loop, shared) = (context.eventLoop, shared)
            Task(executorPreference: shared.answering) {
                let response = await shared.respond(request, shared.traffic)
                loop.execute {
                    let (connection, context) = bound.value
                    connection.begin(response, isHead: isHead, context)
                }
            }
        }
    }

    // MARK: Response

    private func begin(_ response: HTTPResponse, isHead: Bool, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else {
            if case .events(let queue) = response.body { queue.abandon() }
            return
        }
        shared.count { $0.responses[response.status, default: 0] += 1 }
        var headers = HTTPHeaders(response.headers.map { ($0.name, $0.value) })
        var length: Int?
        switch response.body {
        case .bytes(let bytes): length = bytes.count
        case .file(let file): length = file.size
        case .events:
            keepsAlive = false
            isAnswering = false
        }
        if let length, response.status != 304 { headers.replaceOrAdd(name: "Content-Length", value: "\(length)") }
        if !keepsAlive { headers.replaceOrAdd(name: "Connection", value: "close") }
        let head = HTTPResponseHead(
            version: .http1_1, status: .init(statusCode: response.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        switch response.body {
        case _ where isHead || response.status == 304:
            if case .events(let queue) = response.body { queue.abandon() }
            end(context)
        case .bytes(let bytes):
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
            end(context)
        case .file(let file):
            writing = .file(file, offset: 0)
            pump(context)
        case .events(let queue): stream(queue, context)
        }
    }

    private func stream(_ queue: EventQueue, _ context: ChannelHandlerContext) {
        writing = .events(queue)
        // What the kernel and the library hold for a slow client is old news by the time it arrives.
        _ = context.channel.setOption(ChannelOptions.socketOption(.so_sndbuf), value: 16 << 10)
        _ = context.channel.setOption(ChannelOptions.writeBufferWaterMark, value: .init(low: 1, high: 16 << 10))
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        queue.onPush {
            loop.execute {
                let (connection, context) = bound.value
                connection.pump(context)
            }
        }
        let interval = TimeAmount.nanoseconds(Int64(shared.limits.heartbeatSeconds * 1e9))
        heartbeat = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            let (connection, context) = bound.value
            guard case .events = connection.writing, context.channel.isWritable else { return }
            connection.write(Array(": still here\n\n".utf8), context)
            context.flush()
        }
        context.flush()
        pump(context)
    }

    /// Writes while the client takes it.
    private func pump(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        while context.channel.isWritable {
            switch writing {
            case .nothing: return
            case .file(let file, let offset):
                let bytes = file.read(at: offset, atMost: min(Self.piece, file.size - offset))
                // Shorter than promised: only closing says so.
                guard !bytes.isEmpty || offset == file.size else { return context.close(promise: nil) }
                if bytes.isEmpty {
                    writing = .nothing
                    return end(context)
                }
                writing = .file(file, offset: offset + bytes.count)
                write(bytes, context)
                context.flush()
            case .events(let queue):
                switch queue.take() {
                case .event(let bytes):
                    write(bytes, context)
                    context.flush()
                case .nothing: return
                case .end:
                    writing = .nothing
                    return end(context)
                }
            }
        }
        // Not writable: the client has to take something by then.
        if deadline == nil { expect(within: shared.limits.stallSeconds, context) }
    }

    private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
    }

    private func end(_ context: ChannelHandlerContext) {
        heartbeat?.cancel()
        expect(within: shared.limits.stallSeconds, context)
        let written = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.futureResult.whenComplete { _ in
            let (connection, context) = bound.value
            connection.isAnswering = false
            if connection.keepsAlive {
                connection.expect(within: connection.shared.limits.requestSeconds, context)
            } else {
                context.close(promise: nil)
            }
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, !isIdle {
            deadline?.cancel()
            deadline = nil
            pump(context)
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: End

    /// Closes the connection unless something else is expected by then.
    private func expect(within seconds: Double, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: .nanoseconds(Int64(seconds * 1e9))) {
            let (connection, context) = bound.value
            guard context.channel.isActive else { return }
            // A client that only keeps its connection has done nothing wrong.
            if connection.head == nil || !connection.isIdle { connection.shared.count { $0.dropped += 1 } }
            context.close(promise: nil)
        }
    }

    private var isIdle: Bool { if case .nothing = writing { true } else { false } }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        heartbeat?.cancel()
        if case .events(let queue) = writing { queue.abandon() }
        writing = .nothing
        isAnswering = false
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
