package import Face
internal import Foundation
internal import Synchronization
internal import Tensors

/// The checkpoint of one subject in a directory that nobody else may read.
///
///     SUBJECT.checkpoint            the small part, replaced atomically; it names the others
///     SUBJECT.keyframe.DIGEST       one keyframe each, never changed
///     SUBJECT.synthesis.DIGEST      how far unseen skin was synthesized
///     SUBJECT.paused                there while the camera is to stay closed
///     SUBJECT.damaged-TIME/         what could not be used, whole
///
/// Order of a checkpoint: large parts that are new, the directory synced, the small part, then what it no longer names is
/// removed. So at each moment the small part names whole files, and a keyframe is written once and not every time.
package final class StateDirectory: Sendable {
    package let path: String
    package let subject: String
    private let lock: DirectoryLock
    /// Names of parts that were written, so that they are encoded once.
    private let written = Mutex<[Key: String]>([:])

    private struct Key: Hashable {
        var person: Int
        var frame: Int
        var time: Double
        /// Texels of a synthesis; 0 for a keyframe.
        var size = 0
    }

    /// Sizes that are believed, bytes.
    private static let indexLimit = 16 << 20
    private static let partLimit = 256 << 20
    /// Set-aside directories that are kept: each may hold some tens of megabytes of pictures of a person.
    private static let setAsideLimit = 3
    private static let mode: mode_t = 0o600

    /// Opens (creates, for its owner alone) the directory, takes its lock, clears what a killed process left.
    package init(path: String, subject: String) throws(FileSystemError) {
        lock = try DirectoryLock(
            directory: path, subject: subject, mode: 0o700, holder: "keeps the state of \(subject) there")
        self.path = path
        self.subject = subject
        AtomicFile.removePartials(of: subject, in: path)
    }

    private var indexName: String { "\(subject).checkpoint" }
    private func keyframeName(_ digest: String) -> String { "\(subject).keyframe.\(digest)" }
    private func synthesisName(_ digest: String) -> String { "\(subject).synthesis.\(digest)" }
    private var partNames: [String] { Self.names(path).filter { isPart($0) } }

    private func isPart(_ name: String) -> Bool { Self.isPart(name, of: subject) }

    private static func isPart(_ name: String, of subject: String) -> Bool {
        name.hasPrefix("\(subject).keyframe.") || name.hasPrefix("\(subject).synthesis.")
    }

    /// Whether a file of the directory is one of the subject's own.
    static func isState(_ name: String, of subject: String) -> Bool {
        isPart(name, of: subject) || name == "\(subject).checkpoint" || name == "\(subject).paused"
    }

    private static func names(_ directory: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }

    // MARK: Writing

    /// Replaces the checkpoint.
    package func write(_ checkpoint: Checkpoint) throws(FileSystemError) {
        let present = Set(partNames)
        var isNew = false
        var entries: [CheckpointIndex.Entry] = []
        var keys: Set<Key> = []
        func put(_ key: Key, _ name: (String) -> String, _ encode: () -> [UInt8]) throws(FileSystemError) -> String {
            keys.insert(key)
            if let digest = written.withLock({ $0[key] }), present.contains(name(digest)) { return digest }
            let file = encode()
            let digest = SealedFile.digest(of: file)
            if !present.contains(name(digest)) {
                try AtomicFile.write(file, to: name(digest), in: path, mode: Self.mode, syncsDirectory: false)
                isNew = true
            }
            written.withLock { $0[key] = digest }
            return digest
        }
        for (p, person) in checkpoint.people.enumerated() {
            var entry = CheckpointIndex.Entry(selection: person.selection, fit: person.fit, isDense: person.isDense)
            for keyframe in person.keyframes {
                let key = Key(person: p, frame: keyframe.frame, time: keyframe.time)
                let digest = try put(key, keyframeName) { KeyframeFile.encoded(keyframe) }
                entry.keyframes.append((keyframe.frame, digest))
            }
            if let synthesis = person.synthesis {
                // Its coverage changes with each new one that is taken over.
                let key = Key(
                    person: p, frame: -1, time: synthesis.coverage + synthesis.state.residual,
                    size: synthesis.state.detail.size)
                entry.synthesis = (
                    try put(key, synthesisName) { SynthesisFile.encoded(synthesis.state) }, synthesis.coverage
                )
            }
            entries.append(entry)
        }
        if isNew { try AtomicFile.syncDirectory(path) }
        let index = CheckpointIndex(
            head: checkpoint.head, source: checkpoint.source, streamSeconds: checkpoint.streamSeconds,
            nextFrame: checkpoint.nextFrame, people: entries)
        try AtomicFile.write(index.encoded(), to: indexName, in: path, mode: Self.mode)
        removeParts(notNamedBy: index)
        written.withLock { written in written = written.filter { keys.contains($0.key) } }
    }

    private func removeParts(notNamedBy index: CheckpointIndex) {
        let kept = Set(index.digests.flatMap { [keyframeName($0), synthesisName($0)] })
        for name in partNames where !kept.contains(name) { unlink("\(path)/\(name)") }
    }

    // MARK: Forgetting

    enum Forgotten {
        /// There was nothing of the person.
        case nothing
        /// The checkpoint goes on without the person; names of the files that went.
        case oneOfSeveral([String])
        /// Nobody else is in it, or nobody can say who: all of it has to go.
        case all
    }

    /// Takes one of several people out of a checkpoint. The lock is the caller's.
    static func forget(person: Int, of subject: String, in path: String) throws(FileSystemError) -> Forgotten {
        let name = "\(subject).checkpoint"
        let bytes: [UInt8]
        do throws(FileSystemError) { bytes = try AtomicFile.read("\(path)/\(name)", limit: indexLimit) } catch {
            if error.code == ENOENT { return names(path).contains { isPart($0, of: subject) } ? .all : .nothing }
            throw error
        }
        guard var index = try? CheckpointIndex(bytes: bytes) else { return .all }
        guard index.people.indices.contains(person) else { return .nothing }
        index.people[person] = CheckpointIndex.Entry(selection: KeyframeSelector().state)
        guard index.people.contains(where: { !$0.keyframes.isEmpty }) else { return .all }
        try AtomicFile.write(index.encoded(), to: name, in: path, mode: mode)
        let kept = index.digests
        let parts = names(path).filter { file in
            isPart(file, of: subject) && !kept.contains { file.hasSuffix(".\($0)") }
        }
        for part in parts { unlink("\(path)/\(part)") }
        try AtomicFile.syncDirectory(path)
        return .oneOfSeveral(parts)
    }

    // MARK: Reading

    package struct Loaded: Sendable {
        /// `nil` where there is none that can be used.
        package var checkpoint: Checkpoint?
        /// What was set aside and why, a line each.
        package var lines: [String] = []
    }

    /// Reads the checkpoint; what cannot be used is set aside, and told.
    /// - Parameters:
    ///   - head: digest of the head model that it has to belong to.
    ///   - source: redacted.
    /// - Throws: where a file is there and may not be read, or nothing can be set aside.
    package func load(head: String, model: MorphableModel, source: String) throws(FileSystemError) -> Loaded {
        var loaded = Loaded()
        let index: CheckpointIndex
        do throws(StateFault) {
            guard let bytes = try read(indexName, limit: Self.indexLimit) else { return loaded }
            index = try CheckpointIndex(bytes: bytes)
            guard index.head == head else { throw .otherModel }
            guard index.source == source else { throw .otherSource(index.source) }
        } catch {
            loaded.lines.append(try setAside([indexName] + partNames, because: error))
            return loaded
        }
        var unusable: [(name: String, fault: StateFault)] = []
        var checkpoint = Checkpoint(head: head, source: source)
        (checkpoint.streamSeconds, checkpoint.nextFrame) = (index.streamSeconds, index.nextFrame)
        for (p, entry) in index.people.enumerated() {
            var person = Checkpoint.Person(selection: entry.selection)
            (person.fit, person.isDense) = (entry.fit, entry.isDense)
            var lost: Set<Int> = []
            for (frame, digest) in entry.keyframes {
                let name = keyframeName(digest)
                do throws(StateFault) {
                    let keyframe = try part(name, digest) { bytes throws(StateFault) in
                        try KeyframeFile.keyframe(bytes: bytes)
                    }
                    guard keyframe.frame == frame else { throw .damaged }
                    person.keyframes.append(keyframe)
                    written.withLock { $0[Key(person: p, frame: frame, time: keyframe.time)] = digest }
                } catch {
                    lost.insert(frame)
                    unusable.append((name, error))
                }
            }
            if let (digest, coverage) = entry.synthesis {
                let name = synthesisName(digest)
                do throws(StateFault) {
                    let state = try part(name, digest) { bytes throws(StateFault) in
                        try SynthesisFile.state(bytes: bytes)
                    }
                    person.synthesis = Checkpoint.Synthesis(state: state, coverage: coverage)
                    let key = Key(person: p, frame: -1, time: coverage + state.residual, size: state.detail.size)
                    written.withLock { $0[key] = digest }
                } catch {
                    unusable.append((name, error))
                }
            }
            person.keyframes.sort { $0.frame < $1.frame }
            checkpoint.people.append(person)
            checkpoint.drop(person: p) { lost.contains($0) }
        }
        if let first = unusable.first {
            let more = unusable.count > 1 ? " (and \(unusable.count - 1) more)" : ""
            loaded.lines.append(try setAside(unusable.map(\.name), because: first.fault) + more)
        }
        guard checkpoint.fits(model) else {
            loaded.lines.append(try setAside([indexName] + partNames, because: .damaged))
            return loaded
        }
        loaded.checkpoint = checkpoint
        return loaded
    }

    /// A part by its name, whose digest it has to have.
    private func part<Part>(
        _ name: String, _ digest: String, _ decode: ([UInt8]) throws(StateFault) -> Part
    ) throws(StateFault) -> Part {
        guard let bytes = try read(name, limit: Self.partLimit) else {
            throw .unreadable(FileSystemError(operation: "open", path: "\(path)/\(name)", code: ENOENT))
        }
        guard SealedFile.digest(of: bytes) == digest else { throw .damaged }
        return try decode(bytes)
    }

    /// - Returns: `nil` where there is no such file.
    private func read(_ name: String, limit: Int) throws(StateFault) -> [UInt8]? {
        do throws(FileSystemError) { return try AtomicFile.read("\(path)/\(name)", limit: limit) } catch {
            if error.code == ENOENT { return nil }
            throw .unreadable(error)
        }
    }

    /// Moves files into a directory of their own.
    /// - Returns: the line that tells of it.
    private func setAside(_ names: [String], because fault: StateFault) throws(FileSystemError) -> String {
        // A file that only may not be read is whole: it is for the administrator to say whose it is.
        if case .unreadable(let error) = fault, error.code == EACCES || error.code == EPERM { throw error }
        let stamp = Publishing.timestamp().filter { $0 != ":" && $0 != "-" }
        var target = "\(subject).damaged-\(stamp)"
        var number = 2
        while mkdir("\(path)/\(target)", 0o700) != 0 {
            guard errno == EEXIST, number < 10_000 else {
                throw FileSystemError(operation: "create", path: "\(path)/\(target)", code: errno)
            }
            // Of the same second.
            target = "\(subject).damaged-\(stamp)-\(number)"
            number += 1
        }
        for name in names where rename("\(path)/\(name)", "\(path)/\(target)/\(name)") != 0 && errno != ENOENT {
            throw FileSystemError(operation: "set aside", path: "\(path)/\(name)", code: errno)
        }
        try AtomicFile.syncDirectory(path)
        let aside = Self.names(path).filter { $0.hasPrefix("\(subject).damaged-") }
        for old in aside.dropLast(Self.setAsideLimit) { try? FileManager.default.removeItem(atPath: "\(path)/\(old)") }
        return "\(path)/\(names[0]) \(fault): what there is of it was set aside in \(target)"
    }
}
