import Foundation

/// A real RTSP server (GStreamer's) that plays a film for ever, where it is installed; not part of the project.
final class RTSPCamera {
    private static let script =
        (ProcessInfo.processInfo.environment["LIKENESS_SHARED"] ?? packageRoot + "/../shared")
        + "/tools/rtsp_server.py"

    static let isInstalled: Bool = {
        guard FileManager.default.fileExists(atPath: script) else { return false }
        let check = Process()
        check.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        check.arguments = ["-c", "import gi; gi.require_version('GstRtspServer', '1.0')"]
        check.standardError = FileHandle.nullDevice
        guard (try? check.run()) != nil else { return false }
        check.waitUntilExit()
        return check.terminationStatus == 0
    }()

    let port: Int
    private let log: TemporaryDirectory
    private let process = Process()

    /// - Parameter arguments: a film or `--live WxH`, and more.
    init(_ arguments: [String], port: Int) throws {
        self.port = port
        log = TemporaryDirectory()
        try Data().write(to: URL(fileURLWithPath: log.path + "/log"))
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [Self.script] + arguments + ["--port", "\(port)"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: log.path + "/log")
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit { stop() }

    /// Once it listens.
    func wait() {
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end, !said.contains("rtsp://") { Thread.sleep(forTimeInterval: 0.02) }
    }

    private var said: String { (try? String(contentsOfFile: log.path + "/log", encoding: .utf8)) ?? "" }

    /// Connections so far.
    var clients: Int { said.split(separator: "\n").count { $0.hasPrefix("client") } }

    func stop(_ signal: Int32 = SIGKILL) {
        guard process.isRunning else { return }
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
    }

    func freeze() { kill(process.processIdentifier, SIGSTOP) }
    func goOn() { kill(process.processIdentifier, SIGCONT) }

    /// One that nobody listened on a moment ago.
    static func freePort() -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, length)
                _ = getsockname(descriptor, $0, &length)
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// The real program, watching something, and what it says meanwhile.
final class WatchingProgram {
    let process = Process()
    let place = TemporaryDirectory()
    let start = ContinuousClock.now

    /// - Parameter listener: the service manager's end, where one listens.
    init(_ source: String, _ more: [String] = [], preset: String? = nil, listener: NotifyListener? = nil) throws {
        for name in ["out", "err"] { try Data().write(to: URL(fileURLWithPath: "\(place.path)/\(name)")) }
        var arguments = [
            "run", "--source", source, "--output", place.path + "/avatars", "--models", Models.path, "--no-synthesis",
        ]
        if let preset {
            try Data(preset.utf8).write(to: URL(fileURLWithPath: self.preset))
            arguments += ["--preset", self.preset]
        }
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments + more
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: place.path + "/out")
        process.standardError = FileHandle(forWritingAtPath: place.path + "/err")
        var environment = ProcessInfo.processInfo.environment
        environment["NOTIFY_SOCKET"] = listener?.path
        environment["WATCHDOG_USEC"] = listener == nil ? nil : "2000000"
        process.environment = environment
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    var preset: String { place.path + "/preset.yaml" }
    var errors: String { (try? String(contentsOfFile: place.path + "/err", encoding: .utf8)) ?? "" }
    var output: String { (try? String(contentsOfFile: place.path + "/out", encoding: .utf8)) ?? "" }
    /// How much it has said so far, bytes.
    var said: Int { errors.utf8.count }
    func count(_ text: String, after said: Int = 0) -> Int {
        String(decoding: errors.utf8.dropFirst(said), as: UTF8.self).components(separatedBy: text).count - 1
    }

    /// Seconds until it has said so `times` times behind what it had `said`; `nil` where it never did.
    func wait(for text: String, times: Int = 1, after said: Int = 0, within seconds: Double = 30) -> Double? {
        Self.wait(within: seconds) { self.count(text, after: said) >= times }
    }

    /// Seconds until a file of that name is published.
    func wait(forFile name: String, within seconds: Double = 30) -> Double? {
        Self.wait(within: seconds) { FileManager.default.fileExists(atPath: self.place.path + "/avatars/" + name) }
    }

    private static func wait(within seconds: Double, _ condition: () -> Bool) -> Double? {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(seconds * Double(Patience.times)) {
            if condition() { return (ContinuousClock.now - start) / .seconds(1) }
            Thread.sleep(forTimeInterval: 0.02)
        }
        return nil
    }

    /// - Returns: exit status.
    func end(_ signal: Int32? = SIGTERM) -> Int32 {
        if let signal { kill(process.processIdentifier, signal) }
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}

/// A service manager's end of `NOTIFY_SOCKET`: a datagram socket, and what came.
final class NotifyListener {
    let path: String
    private let place = TemporaryDirectory()
    private let descriptor: Int32

    /// - Parameter isAbstract: a name without a file.
    init(isAbstract: Bool = false) throws {
        path = isAbstract ? "@likeness-\(UUID().uuidString)" : place.path + "/notify"
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        if isAbstract { name.sun_path.0 = 0 }
        let length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + path.utf8.count)
        let bound = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard bound == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
    }

    deinit { close(descriptor) }

    private(set) var lines: [String] = []

    /// Reads what has come since.
    func read() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 {
            lines += String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    /// Seconds until a line begins like that, behind the line `from`.
    func wait(for beginning: String, from: Int = 0, within seconds: Double = 30) -> Double? {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(seconds * Double(Patience.times)) {
            read()
            if lines.dropFirst(from).contains(where: { $0.hasPrefix(beginning) }) {
                return (ContinuousClock.now - start) / .seconds(1)
            }
            Thread.sleep(forTimeInterval: 0.02)
        }
        return nil
    }
}
