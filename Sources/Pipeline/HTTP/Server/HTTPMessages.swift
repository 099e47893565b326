/// A whole request, as the endpoints see it: nothing of the network library, and never larger than `HTTPLimits` allows.
package struct HTTPRequest: Sendable {
    package var method: String
    /// As it was sent, percent-encoded, without the query.
    package var path: String
    /// As it was sent, without the question mark; empty where there is none.
    package var query: String
    private let headers: [(name: String, value: String)]

    package init(method: String, target: String, headers: [(name: String, value: String)]) {
        self.method = method
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = parts.first.map(String.init) ?? ""
        query = parts.count > 1 ? String(parts[1]) : ""
        self.headers = headers
    }

    /// All values of a field, in order; names are compared without regard to case.
    package func values(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    /// The one value of a field; `nil` where it is absent or given twice.
    package func value(_ name: String) -> String? {
        let all = values(name)
        return all.count == 1 ? all[0] : nil
    }
}

/// What is answered: a status, header fields and a body that is never held in memory when it is a file.
package struct HTTPResponse: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        case file(ServedFile)
        /// Server-sent events, until either side ends them.
        case events(EventQueue)
    }

    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: Body

    package init(_ status: Int, headers: [(name: String, value: String)] = [], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// One line of plain text, which says what is wrong and what to do.
    package static func text(_ status: Int, _ line: String) -> HTTPResponse {
        HTTPResponse(
            status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: .bytes(Array("\(line)\n".utf8)))
    }
}

/// What one client may take of this program.
package struct HTTPLimits: Sendable {
    /// At a time; one more is closed at once.
    package var connections = 256
    /// Bytes of all header fields of a request.
    package var headerBytes = 16 << 10
    /// Bytes of a request's body, which nothing here reads.
    package var bodyBytes = 4096
    /// From the first moment that a request is awaited to its last byte.
    package var requestSeconds = 15.0
    /// A client that takes nothing for so long is dropped.
    package var stallSeconds = 20.0
    /// Between two comments on a silent stream of events.
    package var heartbeatSeconds = 15.0
    /// What is being sent when the program ends may take so long; streams of events are not waited for.
    package var stopSeconds = 2.0

    package init() {}
}
