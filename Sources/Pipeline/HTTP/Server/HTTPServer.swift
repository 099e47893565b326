internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// Listens, reads bounded requests, asks for an answer to each, and writes it as fast as the client takes it.
///
/// One thread moves all bytes. Every state that a client could stay in for ever has a deadline: sending its request, and
/// taking an answer or an event. What waits for a client is at most a piece of a file, or what its `EventQueue` holds.
package final class HTTPServer: Sendable {
    package typealias Responder = @Sendable (HTTPRequest, Traffic) async -> HTTPResponse

    /// What is counted of all clients.
    package struct Traffic: Sendable, Equatable {
        package var connections = 0
        package var refusedConnections = 0
        /// By status.
        package var responses: [Int: Int] = [:]
        /// Clients dropped since they took nothing, or sent their request too slowly.
        package var dropped = 0
    }

    /// The port that was bound.
    package let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let listener: any Channel
    private let shared: Shared

    /// What connections have in common.
    final class Shared: Sendable {
        let limits: HTTPLimits
        let respond: Responder
        /// Answers are made here, so that they come also while every other thread of the program is busy.
        let answering = StageExecutor("http")
        private let state = Mutex(Traffic())
        private let answers = Atomic(0)

        init(limits: HTTPLimits, respond: @escaping Responder) {
            self.limits = limits
            self.respond = respond
        }

        var traffic: Traffic { state.withLock { $0 } }
        func count(_ change: (inout Traffic) -> Void) { state.withLock { change(&$0) } }

        /// Answers with an end, from their request to their last byte.
        var unfinishedAnswers: Int { answers.load(ordering: .relaxed) }
        func answerBegins() { answers.add(1, ordering: .relaxed) }
        func answerEnds() { answers.subtract(1, ordering: .relaxed) }

        /// False where there are too many already.
        func admit() -> Bool {
            state.withLock {
                guard $0.connections < limits.connections else {
                    $0.refusedConnections += 1
                    return false
                }
                $0.connections += 1
                return true
            }
        }
    }

    private struct TooManyConnections: Error {}

    /// - Throws: `FileSystemError` naming the address.
    package init(
        host: String, port: Int, limits: HTTPLimits = HTTPLimits(), respond: @escaping Responder
    ) async throws(FileSystemError) {
        let shared = Shared(limits: limits, respond: respond)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.backlog, value: 128)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(ChannelOptions.maxMessagesPerRead, value: 4)
            .childChannelOption(
                ChannelOptions.writeBufferWaterMark, value: .init(low: 16 << 10, high: 64 << 10)
            )
            .childChannelInitializer { channel in
                guard shared.admit() else { return channel.eventLoop.makeFailedFuture(TooManyConnections()) }
                channel.closeFuture.whenComplete { _ in shared.count { $0.connections -= 1 } }
                return channel.eventLoop.makeCompletedFuture {
                    var decoding = NIOHTTPDecoderLimitConfiguration()
                    decoding.maxHeaderFieldSize = limits.headerBytes / 2
                    decoding.maxHeaderListSize = limits.headerBytes
                    decoding.maxHeaderFieldCount = 64
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withEncoderConfiguration: .init(), withDecoderLimitConfiguration: decoding)
                    try channel.pipeline.syncOperations.addHandler(HTTPConnection(shared))
                }
            }
        do {
            listener = try await bootstrap.bind(host: host, port: port).get()
        } catch {
            try? await group.shutdownGracefully()
            let code = (error as? IOError)?.errnoCode ?? 0
            throw FileSystemError(operation: "listen on", path: "\(host) port \(port)", code: code)
        }
        self.port = listener.localAddress?.port ?? port
        self.group = group
        self.shared = shared
    }

    package var traffic: Traffic { shared.traffic }

    /// Closes the listener, lets answers that have begun end within `limits.stopSeconds`, and closes every connection.
    package func stop() async {
        try? await listener.close()
        let deadline = ContinuousClock.now + .seconds(shared.limits.stopSeconds)
        while shared.unfinishedAnswers > 0, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(10))
        }
        try? await group.shutdownGracefully()
    }
}
