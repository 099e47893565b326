import Foundation
import Testing

/// One TCP connection to a server of this machine, byte by byte: what a client library would hide is what is tested.
final class Wire {
    struct Response {
        var status: Int
        /// Names in small letters; the last of equal ones.
        var headers: [String: String]
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    struct Refused: Error { var reason: String }

    let descriptor: Int32

    /// - Parameters:
    ///   - seconds: a read that takes longer ends as if the server had closed.
    ///   - window: bytes that the kernel keeps for us; a slow client's is small.
    init(port: Int, seconds: Int = 20, window: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        if var window {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &window, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        let done = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard done == 0 else { throw Refused(reason: String(cString: strerror(errno))) }
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Empty at the end, or when nothing came in time.
    func receive(_ most: Int = 65536) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
            count = max(recv(descriptor, buffer.baseAddress, most, 0), 0)
        }
    }

    func receiveAll() -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let some = receive()
            if some.isEmpty { return all }
            all += some
        }
    }

    /// Reads until `text` has come, or nothing more does.
    func receive(until text: String) -> String {
        var all: [UInt8] = []
        while !String(decoding: all, as: UTF8.self).contains(text) {
            let some = receive()
            if some.isEmpty { break }
            all += some
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// One request on a connection of its own.
    static func ask(
        _ port: Int, _ target: String, method: String = "GET", host: String? = "localhost", _ headers: [String] = [],
        body: String = ""
    ) throws -> Response {
        let wire = try Wire(port: port)
        let fields = (host.map { ["Host: \($0)"] } ?? []) + headers + ["Connection: close"]
        wire.send("\(method) \(target) HTTP/1.1\r\n\(fields.joined(separator: "\r\n"))\r\n\r\n\(body)")
        return try response(wire.receiveAll())
    }

    static func response(_ bytes: [UInt8]) throws -> Response {
        let end = try #require(bytes.firstRange(of: Array("\r\n\r\n".utf8)), "\(bytes.count) bytes, no head")
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let status = try #require(Int(lines[0].split(separator: " ")[1]))
        let pairs = lines.dropFirst().map { line -> (String, String) in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (parts[0].lowercased(), parts[1].trimmingCharacters(in: .whitespaces))
        }
        return Response(
            status: status, headers: Dictionary(pairs, uniquingKeysWith: { $1 }), body: Array(bytes[end.upperBound...]))
    }
}
