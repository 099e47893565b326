internal import Foundation
internal import Pipeline

extension Harness {
    /// A request as the network library hands it over, against the rules of access: method and target in the first line, a field
    /// in each further one.
    static let request = Harness(
        "request",
        words: [
            "GET", "HEAD", "POST", "Host: localhost", "Host: 127.0.0.1:80", "Host: [::1]", "Authorization: Bearer ",
            token,
            "Cookie: likeness-token=", "?token=", "/subjects/", ".glb", ".confidence.png", "/events", "/pause", "%2e",
            "Origin: http://",
        ],
        seeds: { requestSeeds.map { ($0.name, Array($0.text.utf8)) } },
        read: { bytes in
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            let first = (lines.first ?? "").split(separator: " ", maxSplits: 1).map(String.init)
            let fields = lines.dropFirst().map { line -> (name: String, value: String) in
                let colon = line.firstIndex(of: ":") ?? line.endIndex
                return (
                    String(line[..<colon]), String(line[colon...].dropFirst()).trimmingCharacters(in: .whitespaces)
                )
            }
            let request = HTTPRequest(
                method: first.first ?? "", target: first.count > 1 ? first[1] : "", headers: Array(fields))
            let route = Route(path: request.path)
            if case .subject(let name, _)? = route {
                precondition((try? Publishing.checkSubject(name)) != nil, "a route to '\(name)'")
            }
            if case .page(let name)? = route { precondition(!name.isEmpty && name.split(separator: "/").count <= 2) }
            for (host, token) in [(true, nil), (true, token), (false, token)] {
                for controls in [true, false] {
                    let rules = AccessRules(
                        isLoopback: host, allowedHosts: ["cam.example"], token: token, controls: controls)
                    check(rules.verdict(on: request), request, token: token, controls: controls)
                }
            }
            if let address = HTTPAddress(request.query) { precondition(HTTPAddress("\(address)") == address) }
        })

    private static let token = "a-token-of-this-test"

    private static func check(_ verdict: AccessRules.Verdict, _ request: HTTPRequest, token: String?, controls: Bool) {
        switch verdict {
        case .allowed:
            precondition(["GET", "HEAD", "POST"].contains(request.method) && request.value("Host") != nil)
            precondition(request.method != "POST" || controls, "changed by a server that only shows")
            guard let token, !["/healthz", "/readyz"].contains(request.path) else { return }
            // The digest stands for it in a cookie.
            let given = request.values("Authorization") + request.values("Cookie")
            precondition(
                given.contains { $0.contains(token) || $0.contains("likeness-token=") }, "let in without a token")
        case .refused(let response):
            precondition((300..<500).contains(response.status))
            for field in response.headers where field.name == "Location" {
                let second = field.value.utf8.dropFirst().first
                precondition(
                    field.value.utf8.first == UInt8(ascii: "/") && second != UInt8(ascii: "/")
                        && second != UInt8(ascii: "\\"))
            }
        }
    }

    private static let requestSeeds: [(name: String, text: String)] = [
        ("avatar", "GET /subjects/anna.glb\nHost: localhost:8080\nIf-None-Match: \"x\", W/\"y\"\n"),
        ("edition", "HEAD /subjects/anna.000007.glb\nHost: [::1]:80\n"),
        ("pause", "POST /subjects/anna/pause\nHost: cam.example\nOrigin: http://cam.example\n"),
        ("token", "GET //evil.example/?a=b&token=\(token)&c\nHost: 10.0.0.1\n"),
        ("bearer", "GET /api/status\nHost: cam.example\nAuthorization: Bearer \(token)\n"),
        ("cookie", "GET /three/three.module.js\nHost: 127.0.0.1\nCookie: a=b; likeness-token=0a0b\n"),
        ("encoded", "GET /subjects/%61nna.confidence.png?127.0.0.1:80\nHost: localhost\nHost: localhost\n"),
    ]
}
