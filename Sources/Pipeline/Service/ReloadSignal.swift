/// "Read the settings again", from a signal or a changed file to whoever runs with them. Requests that come while one is
/// being served are served once more, together.
package final class ReloadSignal: Sendable {
    package let requests: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    package init() {
        (requests, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// - Parameter why: for the log: "SIGHUP", or the file that changed.
    package func request(_ why: String) { continuation.yield(why) }

    package func finish() { continuation.finish() }
}
