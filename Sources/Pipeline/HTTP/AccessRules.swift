internal import Foundation
internal import Tensors

/// Who may ask for what. Pure: the same request gets the same verdict.
///
/// A browser is made to ask a server of this machine on behalf of a stranger's page in two ways: a name of the
/// stranger's that suddenly means 127.0.0.1 (so the Host is checked), and a form that is posted across (so the Origin is).
package struct AccessRules: Sendable {
    package enum Verdict: Sendable {
        case allowed
        case refused(HTTPResponse)
    }

    private let isLoopback: Bool
    private let allowedHosts: Set<String>
    private let controls: Bool
    /// SHA-256 of the token, hexadecimal.
    private let tokenDigest: String?

    /// - Parameter token: `nil` lets everybody in who can connect.
    package init(isLoopback: Bool, allowedHosts: [String], token: String?, controls: Bool) {
        self.isLoopback = isLoopback
        self.allowedHosts = Set(allowedHosts.map { $0.lowercased() })
        self.controls = controls
        tokenDigest = token.map { SHA256.hex(of: Array($0.utf8)) }
    }

    package static let cookieName = "likeness-token"
    /// They tell a supervisor one word, and it has no token.
    private static let open = ["/healthz", "/readyz"]

    package func verdict(on request: HTTPRequest) -> Verdict {
        guard let host = request.value("Host"), let name = Self.hostName(host), isAllowed(host: name) else {
            return .refused(
                .text(403, "this Host is not served: use the machine's address, or add the name to http.allowedHosts"))
        }
        let isControl = Route(path: request.path)?.isControl ?? false
        let methods = isControl ? ["POST"] : ["GET", "HEAD"]
        guard methods.contains(request.method) else {
            var response = HTTPResponse.text(405, "only \(methods.joined(separator: " and ")) here")
            response.headers.append(("Allow", methods.joined(separator: ", ")))
            return .refused(response)
        }
        if let refusal = refusalOfToken(request) { return .refused(refusal) }
        guard isControl else { return .allowed }
        guard controls else { return .refused(.text(403, "this server only shows: http.controls is false")) }
        let origins = request.values("Origin")
        guard origins.allSatisfy({ $0.lowercased() == "http://\(host.lowercased())" }) else {
            return .refused(.text(403, "not from a page of another server"))
        }
        return .allowed
    }

    private func refusalOfToken(_ request: HTTPRequest) -> HTTPResponse? {
        guard let tokenDigest, !Self.open.contains(request.path) else { return nil }
        if let given = Self.queryToken(request) {
            guard matches(given) else { return Self.unauthorized }
            // Once, and then no longer in the address bar, the history and the Referer.
            let cookie = "\(Self.cookieName)=\(tokenDigest); Path=/; HttpOnly; SameSite=Strict"
            return HTTPResponse(
                303, headers: [("Location", Self.withoutToken(request)), ("Set-Cookie", cookie)])
        }
        let fields = request.values("Authorization")
        if fields.count == 1, fields[0].lowercased().hasPrefix("bearer "), matches(String(fields[0].dropFirst(7))) {
            return nil
        }
        let cookies = request.values("Cookie").flatMap { $0.split(separator: ";") }
            .map { $0.trimmingCharacters(in: .whitespaces) }
        let prefix = Self.cookieName + "="
        if cookies.contains(where: {
            $0.hasPrefix(prefix) && Self.equal(String($0.dropFirst(prefix.count)), tokenDigest)
        }) {
            return nil
        }
        return Self.unauthorized
    }

    private static var unauthorized: HTTPResponse {
        var response = HTTPResponse.text(
            401, "give the token: Authorization: Bearer TOKEN, or once ?token=TOKEN in a browser")
        response.headers.append(("WWW-Authenticate", "Bearer realm=\"likeness\""))
        return response
    }

    /// In a time that tells nothing: digests are compared, all of them.
    private func matches(_ token: String) -> Bool {
        guard let tokenDigest else { return true }
        return Self.equal(SHA256.hex(of: Array(token.utf8)), tokenDigest)
    }

    static func equal(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func queryToken(_ request: HTTPRequest) -> String? {
        request.query.split(separator: "&").first { $0.hasPrefix("token=") }
            .flatMap { String($0.dropFirst(6)).removingPercentEncoding }
    }

    private static func withoutToken(_ request: HTTPRequest) -> String {
        let rest = request.query.split(separator: "&").filter { !$0.hasPrefix("token=") }.joined(separator: "&")
        // `//host` would lead away, and browsers take `\` for `/`. By scalars, since a slash with an accent is another character.
        let path = "/" + String(Substring(request.path.unicodeScalars.drop { $0 == "/" || $0 == "\\" }))
        return rest.isEmpty ? path : "\(path)?\(rest)"
    }

    /// The name in a Host field, without its port and in small letters.
    static func hostName(_ field: String) -> String? {
        var host = field.lowercased()
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return nil }
            let port = host[host.index(after: end)...]
            guard port.isEmpty || (port.first == ":" && port.dropFirst().allSatisfy(\.isNumber)) else { return nil }
            return String(host[host.index(after: host.startIndex)..<end])
        }
        if let colon = host.firstIndex(of: ":") {
            guard host[host.index(after: colon)...].allSatisfy(\.isNumber) else { return nil }
            host = String(host[..<colon])
        }
        return host.isEmpty ? nil : host
    }

    private func isAllowed(host: String) -> Bool {
        if allowedHosts.contains(host) { return true }
        if isLoopback { return HTTPAddress(host: host, port: 0).isLoopback }
        // No name of a stranger's can be a numeric address.
        return HTTPAddress.isIPv4(host) || HTTPAddress.isIPv6(host)
    }
}
