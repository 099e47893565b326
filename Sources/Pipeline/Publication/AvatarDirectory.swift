internal import Foundation
internal import Tensors

/// The watched directory of one subject: a stable name, numbered editions, and a manifest as the commit marker.
///
/// Order of a publication: numbered file, stable file, manifest; each atomic. A reader who follows the manifest never
/// sees a file that is not complete; one who only knows `NAME.glb` never sees half of it.
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

    /// Publishes the next edition.
    /// - Parameter describe: makes the manifest from the edition's number, file name and digest.
    package mutating func publish(
        _ file: [UInt8], describe: (_ edition: Int, _ file: String, _ sha256: String) -> Manifest
    ) throws(FileSystemError) -> Manifest {
        let edition = nextEdition()
        let numbered = Self.numberedName(subject: subject, edition: edition)
        try AtomicFile.write(file, to: numbered, in: path)
        try AtomicFile.write(file, to: "\(subject).glb", in: path)
        let manifest = describe(edition, numbered, SHA256.hex(of: file))
        try AtomicFile.write(manifest.json(), to: "\(subject).json", in: path)
        current = manifest
        removeOldEditions()
        return manifest
    }

    static func numberedName(subject: String, edition: Int) -> String {
        "\(subject).\(String(repeating: "0", count: max(0, 6 - String(edition).count)))\(edition).glb"
    }

    /// One more than both the manifest and any numbered file say: a numbered file is immutable, even one whose
    /// publication was cut off before its manifest.
    private func nextEdition() -> Int {
        max(editions().last ?? 0, current?.edition ?? 0) + 1
    }

    private func editions() -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("\(subject)."), name.hasSuffix(".glb") else { return nil }
            return Int(name.dropFirst(subject.count + 1).dropLast(4))
        }.sorted()
    }

    private func removeOldEditions() {
        for edition in editions().dropLast(keep) where edition != current?.edition {
            unlink("\(path)/\(Self.numberedName(subject: subject, edition: edition))")
        }
    }
}
