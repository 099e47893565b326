internal import Foundation
internal import Synchronization

/// New editions for whoever listens, whichever program published them: the manifest in the directory is what counts.
final class EditionFeed: Sendable {
    /// So many events may wait for one listener.
    static let most = 16

    private struct Listener {
        let queue: EventQueue
        var edition: Int?
    }

    private struct Directory {
        /// Of the manifest that was read last.
        var mark: String?
        var listeners: [Listener] = []
    }

    /// By path of the manifest.
    private let directories = Mutex<[String: Directory]>([:])

    /// - Parameter edition: that the listener has; it hears of any other.
    func subscribe(manifest path: String, after edition: Int?) -> EventQueue {
        let queue = EventQueue(.bounded(Self.most), first: [Array("retry: 2000\n\n".utf8)])
        directories.withLock {
            $0[path, default: Directory()].listeners.append(Listener(queue: queue, edition: edition))
            $0[path]?.mark = nil
        }
        return queue
    }

    /// Looks at the manifests that somebody listens to.
    func poll() {
        directories.withLock { directories in
            for path in directories.keys {
                directories[path]?.listeners.removeAll { $0.queue.isOver }
                guard var directory = directories[path], !directory.listeners.isEmpty else {
                    directories[path] = nil
                    continue
                }
                guard let file = ServedFile(path: path), file.mark != directory.mark,
                    let manifest = Manifest(json: file.read(at: 0, atMost: file.size))
                else { continue }
                directory.mark = file.mark
                let event = Self.event(manifest)
                for i in directory.listeners.indices where directory.listeners[i].edition != manifest.edition {
                    directory.listeners[i].edition = manifest.edition
                    directory.listeners[i].queue.push(event)
                }
                directories[path] = directory
            }
        }
    }

    /// The program ends.
    func finish() {
        directories.withLock { directories in
            for listener in directories.values.flatMap(\.listeners) { listener.queue.finish() }
            directories = [:]
        }
    }

    private static func event(_ manifest: Manifest) -> [UInt8] {
        let line = String(decoding: manifest.json(), as: UTF8.self).split(separator: "\n")
            .map { $0.trimmingCharacters(in: .whitespaces) }.joined()
        return Array("id: \(manifest.edition)\nevent: edition\ndata: \(line)\n\n".utf8)
    }
}
