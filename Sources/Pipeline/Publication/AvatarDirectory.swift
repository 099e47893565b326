internal import Foundation
internal import Tensors

/// The watched directory of one subject: a stable name, numbered editions, and a manifest as the commit marker.
///
/// Order of a publication: numbered files, stable files, manifest; each atomic. A reader who follows the manifest never
/// sees a file that is not complete; one who only knows `NAME.glb` never sees half of it. An edition may have a sidecar:
/// the map of confidence.
package struct AvatarDirectory: ~Copyable {
    package let path: String
    package let subject: String
    /// What is published now, if anything.
    package private(set) var current: Manifest?
    /// Numbered editions to keep; the manifest's own is never deleted.
    private let keep: Int
    private let lock: Int32

    /// Opens (creates) the directory, takes its lock, clears what a killed process left, reads the manifest.
    /// - Throws: `FileSystemError` with `EBUSY` when another process publishes the same subject there.
    package init(path: String, subject: String, keep: Int) throws(FileSystemError) {
        let lock = try Self.openAndLock(path, subject: subject)
        self.lock = lock
        self.path = path
        self.subject = subject
        self.keep = max(keep, 1)
        AtomicFile.removePartials(of: subject, in: path)
        current = (try? AtomicFile.read("\(path)/\(subject).json")).flatMap { Manifest(json: $0) }
    }

    private static func openAndLock(_ path: String, subject: String) throws(FileSystemError) -> Int32 {
        // Foundation hides errno in nested errors; the calls below name the real cause.
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw FileSystemError(operation: "create", path: path, code: errno)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw FileSystemError(operation: "publish into", path: path, code: ENOTDIR)
        }
        let lock = open("\(path)/.\(subject).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else { throw FileSystemError(operation: "write into", path: path, code: errno) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno == EWOULDBLOCK ? EBUSY : errno
            close(lock)
            throw FileSystemError(
                operation: "lock (another likenessd publishes \(subject) there)", path: path, code: code)
        }
        return lock
    }

    deinit { close(lock) }

    package var stablePath: String { "\(path)/\(subject).glb" }

    private static let avatarEnding = "glb"
    static let confidenceEnding = "confidence.png"

    /// Publishes the next edition.
    /// - Parameters:
    ///   - confidence: PNG of the map of confidence, if there is to be one.
    ///   - describe: makes the manifest from the edition's number, file name and digest.
    package mutating func publish(
        _ file: [UInt8], confidence: [UInt8]? = nil,
        describe: (_ edition: Int, _ file: String, _ sha256: String) -> Manifest
    ) throws(FileSystemError) -> Manifest {
        let edition = nextEdition()
        let numbered = numberedName(edition, Self.avatarEnding)
        let numberedMap = numberedName(edition, Self.confidenceEnding)
        let stableMap = "\(subject).\(Self.confidenceEnding)"
        try AtomicFile.write(file, to: numbered, in: path)
        if let confidence { try AtomicFile.write(confidence, to: numberedMap, in: path) }
        try AtomicFile.write(file, to: "\(subject).glb", in: path)
        if let confidence { try AtomicFile.write(confidence, to: stableMap, in: path) }
        var manifest = describe(edition, numbered, SHA256.hex(of: file))
        manifest.confidence = confidence.map {
            Sidecar(file: numberedMap, stable: stableMap, sha256: SHA256.hex(of: $0), bytes: $0.count)
        }
        try AtomicFile.write(manifest.json(), to: "\(subject).json", in: path)
        current = manifest
        // Of an earlier edition: it says nothing of this one.
        if confidence == nil { unlink("\(path)/\(stableMap)") }
        removeOldEditions()
        return manifest
    }

    private func numberedName(_ edition: Int, _ ending: String) -> String {
        "\(subject).\(String(repeating: "0", count: max(0, 6 - String(edition).count)))\(edition).\(ending)"
    }

    /// One more than both the manifest and any numbered file say: a numbered file is immutable, even one whose
    /// publication was cut off before its manifest.
    private func nextEdition() -> Int {
        let last = [Self.avatarEnding, Self.confidenceEnding].compactMap { editions($0).last }.max()
        return max(last ?? 0, current?.edition ?? 0) + 1
    }

    private func editions(_ ending: String) -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("\(subject)."), name.hasSuffix(".\(ending)") else { return nil }
            return Int(name.dropFirst(subject.count + 1).dropLast(ending.count + 1))
        }.sorted()
    }

    /// A sidecar goes with its avatar, also where a kill left it alone.
    private func removeOldEditions() {
        let avatars = editions(Self.avatarEnding)
        let kept = Set(avatars.suffix(keep) + [current?.edition].compactMap { $0 })
        for ending in [Self.avatarEnding, Self.confidenceEnding] {
            for edition in editions(ending) where !kept.contains(edition) {
                unlink("\(path)/\(numberedName(edition, ending))")
            }
        }
    }
}
