internal import Foundation

/// Where to listen: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`; port 0 lets the system choose.
package struct HTTPAddress: Sendable, Equatable, CustomStringConvertible {
    /// A numeric address or `localhost`, without brackets.
    package var host: String
    package var port: Int

    /// - Returns: `nil` where the text is something else; a name other than `localhost` is, since what it means is
    ///   not for a resolver to decide.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard Self.isIPv6(host) else { return nil }
        } else if host != "localhost", !Self.isIPv4(host) {
            return nil
        }
        self.host = host
        self.port = port
    }

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package var isLoopback: Bool {
        host == "localhost" || host == "::1" || (Self.isIPv4(host) && host.hasPrefix("127."))
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// What to bind: `localhost` is not left to a resolver either.
    var numericHost: String { host == "localhost" ? "127.0.0.1" : host }

    static func isIPv4(_ text: String) -> Bool {
        var address = in_addr()
        // C takes a byte 0 for the end, and what stands behind it for nothing.
        return !text.utf8.contains(0) && inet_pton(AF_INET, text, &address) == 1
    }

    static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return !text.utf8.contains(0) && inet_pton(AF_INET6, text, &address) == 1
    }
}
