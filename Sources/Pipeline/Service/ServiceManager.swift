internal import Foundation

/// The line to systemd (or whoever started the program) of sd_notify(3): datagrams to the socket that `NOTIFY_SOCKET`
/// names. A name that begins with @ is an abstract one.
package final class ServiceManager: Sendable {
    /// How often the watchdog must hear of progress, where there is one.
    package let watchdog: Duration?
    private let descriptor: Int32
    private let address: [UInt8]

    /// `nil` where nobody listens.
    package init?(environment: [String: String] = ProcessInfo.processInfo.environment) {
        guard let path = environment["NOTIFY_SOCKET"], path.hasPrefix("/") || path.hasPrefix("@") else { return nil }
        let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        watchdog = isForUs ? environment["WATCHDOG_USEC"].flatMap(Int.init).map { .microseconds($0) } : nil
        address = Array(path.utf8)
        guard address.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// - Parameter lines: assignments such as READY=1.
    package func tell(_ lines: String...) {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: address) }
        if address.first == UInt8(ascii: "@") { name.sun_path.0 = 0 }
        let length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + address.count)
        let message = Array(lines.joined(separator: "\n").utf8)
        _ = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }

    /// What systemd compares its own clock with when a reload begins.
    package static var monotonicMicroseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }
}
