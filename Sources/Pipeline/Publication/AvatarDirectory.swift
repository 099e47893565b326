internal import Foundation
internal import Tensors

/// The watched directory of one subject: a stable name, numbered editions, and a manifest as the commit marker.
///
/// Order of a publication: numbered files (the manifest's among them), stable files, manifest; each atomic. A reader who
/// follows the manifest never sees a file that is not complete; one who only knows `NAME.glb` never sees half of it. An
/// edition may have a sidecar: the map of confidence.
package struct AvatarDirectory: ~Copyable {
    package let path: String
    package let subject: String
    /// What is published now, if anything.
    package private(set) var current: Manifest?
    /// The edition that was written last or could not be: its number is not given again.
    private var lastTried = 0
    /// Of numbered editions; the manifest's own is never deleted.
    private let retention: Retention
    private let lock: DirectoryLock

    /// Opens (creates) the directory, takes its lock, clears what a killed process left, reads the manifest.
    /// - Throws: `FileSystemError` with `EBUSY` when another process publishes the same subject there.
    package init(path: String, subject: String, retention: Retention) throws(FileSystemError) {
        lock = try DirectoryLock(directory: path, subject: subject, holder: "publishes \(subject) there")
        self.path = path
        self.subject = subject
        self.retention = retention
        AtomicFile.removePartials(of: subject, in: path)
        current = Self.manifest("\(path)/\(subject).json")
    }

    package init(path: String, subject: String, keep: Int) throws(FileSystemError) {
        try self.init(path: path, subject: subject, retention: Retention(count: keep))
    }

    static func manifest(_ path: String) -> Manifest? {
        (try? AtomicFile.read(path, limit: 16 << 20)).flatMap { Manifest(json: $0) }
    }

    /// Tells where else runs for the subject write.
    package func note(_ places: [DirectoryLock.Place]) throws(FileSystemError) { try lock.note(places) }

    package var stablePath: String { "\(path)/\(subject).glb" }

    static let avatarEnding = "glb"
    static let confidenceEnding = "confidence.png"
    static let manifestEnding = "json"
    static let endings = [avatarEnding, confidenceEnding, manifestEnding]

    /// Publishes the next edition.
    /// - Parameters:
    ///   - confidence: PNG of the map of confidence, if there is to be one.
    ///   - describe: makes the manifest from the edition's number, file name and digest.
    package mutating func publish(
        _ file: [UInt8], confidence: [UInt8]? = nil,
        describe: (_ edition: Int, _ file: String, _ sha256: String) -> Manifest
    ) throws(FileSystemError) -> Manifest {
        let edition = nextEdition
        let numbered = Self.numberedName(subject, edition, Self.avatarEnding)
        let numberedMap = Self.numberedName(subject, edition, Self.confidenceEnding)
        let stableMap = "\(subject).\(Self.confidenceEnding)"
        var manifest = describe(edition, numbered, SHA256.hex(of: file))
        manifest.confidence = confidence.map {
            Sidecar(file: numberedMap, stable: stableMap, sha256: SHA256.hex(of: $0), bytes: $0.count)
        }
        lastTried = edition
        do throws(FileSystemError) {
            try AtomicFile.write(file, to: numbered, in: path)
            if let confidence { try AtomicFile.write(confidence, to: numberedMap, in: path) }
            try AtomicFile.write(
                manifest.json(), to: Self.numberedName(subject, edition, Self.manifestEnding), in: path)
            try AtomicFile.write(file, to: "\(subject).glb", in: path)
            if let confidence { try AtomicFile.write(confidence, to: stableMap, in: path) }
            try AtomicFile.write(manifest.json(), to: "\(subject).json", in: path)
        } catch {
            // A full disk is not filled further by editions that never were.
            if Self.manifest("\(path)/\(subject).json")?.edition != edition {
                for ending in Self.endings { unlink("\(path)/\(Self.numberedName(subject, edition, ending))") }
            }
            throw error
        }
        current = manifest
        // Of an earlier edition: it says nothing of this one.
        if confidence == nil { unlink("\(path)/\(stableMap)") }
        removeOldEditions()
        return manifest
    }

    /// Lets a held edition go: from now on a better one replaces it.
    /// - Returns: false where there is none.
    package mutating func release() throws(FileSystemError) -> Bool {
        guard var manifest = current, manifest.isHeld == true else { return false }
        manifest.isHeld = nil
        try AtomicFile.write(manifest.json(), to: "\(subject).json", in: path)
        current = manifest
        return true
    }

    static func numberedName(_ subject: String, _ edition: Int, _ ending: String) -> String {
        "\(subject).\(String(repeating: "0", count: max(0, 6 - String(edition).count)))\(edition).\(ending)"
    }

    /// One more than both the manifest and any numbered file say: a numbered file is immutable, even one whose
    /// publication was cut off before its manifest.
    package var nextEdition: Int {
        let last = Self.endings.compactMap { Self.editions(path, subject, $0).last }.max()
        return max(last ?? 0, current?.edition ?? 0, lastTried) + 1
    }

    static func editions(_ path: String, _ subject: String, _ ending: String) -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("\(subject)."), name.hasSuffix(".\(ending)") else { return nil }
            let number = Int(name.dropFirst(subject.count + 1).dropLast(ending.count + 1))
            return number.flatMap { (0...Manifest.largestEdition).contains($0) ? $0 : nil }
        }.sorted()
    }

    /// Deletes what the rules do not keep; also between publications, since editions age. A sidecar goes with its avatar, also
    /// where a kill left it alone.
    package func removeOldEditions() {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let editions = Self.editions(path, subject, Self.avatarEnding).map { number in
            var (bytes, age) = (0, 0.0)
            for ending in Self.endings {
                var status = stat()
                guard stat("\(path)/\(Self.numberedName(subject, number, ending))", &status) == 0 else { continue }
                bytes += Int(status.st_size)
                age = max(age, Double(now.tv_sec - status.st_mtim.tv_sec))
            }
            return Retention.Edition(number: number, bytes: bytes, age: age)
        }
        let kept = retention.kept(of: editions, named: current?.edition).union([current?.edition].compactMap { $0 })
        for ending in Self.endings {
            for edition in Self.editions(path, subject, ending) where !kept.contains(edition) {
                unlink("\(path)/\(Self.numberedName(subject, edition, ending))")
            }
        }
    }
}
