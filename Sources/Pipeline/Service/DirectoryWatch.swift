internal import Dispatch
internal import Foundation
internal import Synchronization

/// Says when a file of a directory was changed, replaced or made, with inotify. The directory is watched and not the file:
/// editors and packages put a new file in an old one's place.
package final class DirectoryWatch {
    /// Seconds between two calls at least.
    private static let interval = 1.0
    /// Seconds from a change until it is told: a writer may not be done.
    private static let settling = 0.2

    private let source: any DispatchSourceRead

    /// - Parameters:
    ///   - files: paths; their directories must exist.
    ///   - changed: is called on a queue of its own, with the path of one that changed.
    /// - Returns: `nil` where the system does not watch (no inotify left, no such directory): there is SIGHUP still.
    package init?(files: [String], changed: @escaping @Sendable (String) -> Void) {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard descriptor >= 0 else { return nil }
        let wanted = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_CREATE)
        var watched: [Int32: [String: String]] = [:]
        for file in files {
            let directory = (file as NSString).deletingLastPathComponent
            let watch = inotify_add_watch(descriptor, directory.isEmpty ? "." : directory, wanted)
            guard watch >= 0 else {
                close(descriptor)
                return nil
            }
            watched[watch, default: [:]][(file as NSString).lastPathComponent] = file
        }
        let queue = DispatchQueue(label: "likeness.settings")
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        let due = Mutex(ContinuousClock.now)
        let known = watched
        // What comes meanwhile stays in the queue and is told by the next call.
        source.setEventHandler {
            guard let first = Self.events(descriptor, known) else { return }
            let wait = max(ContinuousClock.now + .seconds(Self.settling), due.withLock { $0 }) - .now
            Thread.sleep(forTimeInterval: wait / .seconds(1))
            let last = Self.events(descriptor, known) ?? first
            due.withLock { $0 = .now + .seconds(Self.interval) }
            changed(last)
        }
        source.setCancelHandler { close(descriptor) }
        source.resume()
    }

    deinit { source.cancel() }

    /// Takes what is in the queue; the last watched file that it tells of.
    private static func events(_ descriptor: Int32, _ watched: [Int32: [String: String]]) -> String? {
        var found: String?
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        let header = MemoryLayout<inotify_event>.size
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
            buffer.withUnsafeBytes { bytes in
                var at = 0
                while at + header <= count {
                    let event = bytes.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
                    let name = bytes[(at + header)..<(at + header + Int(event.len))].prefix { $0 != 0 }
                    if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { found = found ?? watched.values.first?.values.first }
                    found = watched[event.wd]?[String(decoding: name, as: UTF8.self)] ?? found
                    at += header + Int(event.len)
                }
            }
        }
        return found
    }
}
