internal import Foundation

/// One writer for the files of a subject in a directory: `.SUBJECT.lock`, held until the value goes or the process ends.
///
/// The file also says where else the subject's runs have written, so that all of it can be found again: a line each,
/// `state DIRECTORY` and `made FILE`. It is a help for commands given by hand, and never believed further than that.
package struct DirectoryLock: ~Copyable, Sendable {
    private let descriptor: Int32
    private let path: String

    /// Creates the directory where there is none.
    /// - Parameters:
    ///   - mode: of a directory that is created.
    ///   - holder: what another process does that holds it, for the message.
    /// - Throws: `FileSystemError` with `EBUSY` when another process holds it.
    init(directory: String, subject: String, mode: mode_t = 0o755, holder: String) throws(FileSystemError) {
        try Self.create(directory, mode: mode)
        let path = "\(directory)/\(Self.name(subject))"
        descriptor = try Self.locked(path, directory, mode: mode == 0o700 ? 0o600 : 0o644, holder)
        self.path = path
    }

    /// Half a second in all, before there is anything to watch.
    private static let tries = 25
    /// Microseconds.
    private static let pause: UInt32 = 20_000

    private static func locked(
        _ path: String, _ directory: String, mode: mode_t, _ holder: String
    ) throws(FileSystemError) -> Int32 {
        var tries = 0
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode)
            guard descriptor >= 0 else {
                throw FileSystemError(operation: "write into", path: directory, code: errno)
            }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let code = errno == EWOULDBLOCK ? EBUSY : errno
                close(descriptor)
                // A lock that was let go stays while a child of whoever held it has not yet become another program.
                tries += 1
                if code == EBUSY, tries < Self.tries {
                    usleep(Self.pause)
                    continue
                }
                throw FileSystemError(operation: "lock (another likenessd \(holder))", path: directory, code: code)
            }
            // Whoever forgets a subject removes the file: then the lock is one of nothing.
            var (held, named) = (stat(), stat())
            if fstat(descriptor, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino,
                held.st_dev == named.st_dev
            {
                return descriptor
            }
            close(descriptor)
        }
    }

    deinit { close(descriptor) }

    package static func name(_ subject: String) -> String { ".\(subject).lock" }

    static func create(_ directory: String, mode: mode_t) throws(FileSystemError) {
        // Foundation hides errno in nested errors; the calls below name the real cause.
        let parent = (directory as NSString).deletingLastPathComponent
        if !parent.isEmpty {
            try? FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        }
        var status = stat()
        guard mkdir(directory, mode) == 0 || errno == EEXIST else {
            throw FileSystemError(operation: "create", path: directory, code: errno)
        }
        guard stat(directory, &status) == 0 else {
            throw FileSystemError(operation: "create", path: directory, code: errno)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw FileSystemError(operation: "write into", path: directory, code: ENOTDIR)
        }
    }

    /// Another place that holds something of the subject; told once.
    package enum Place: Hashable, Sendable {
        /// A directory of checkpoints.
        case state(String)
        /// A file that a run was asked for: motion, a picture of the result.
        case made(String)

        fileprivate var line: String {
            switch self {
            case .state(let path): "state \(path)"
            case .made(let path): "made \(path)"
            }
        }
    }

    /// Adds places to those that the file tells of.
    package func note(_ places: [Place]) throws(FileSystemError) {
        let known = Self.places(at: path)
        let new = places.filter { !known.contains($0) && !$0.line.contains("\n") }
        guard !new.isEmpty else { return }
        let bytes = Array(new.map { $0.line + "\n" }.joined().utf8)
        guard lseek(descriptor, 0, Int32(SEEK_END)) >= 0 else {
            throw FileSystemError(operation: "write", path: path, code: errno)
        }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done) }
            guard count >= 0 || errno == EINTR else {
                throw FileSystemError(operation: "write", path: path, code: errno)
            }
            done += max(count, 0)
        }
    }

    package static func places(directory: String, subject: String) -> [Place] {
        places(at: "\(directory)/\(name(subject))")
    }

    private static func places(at path: String) -> [Place] {
        guard let bytes = try? AtomicFile.read(path, limit: 1 << 20) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard parts.count == 2, parts[1].hasPrefix("/") else { return nil }
            return parts[0] == "state" ? .state(parts[1]) : parts[0] == "made" ? .made(parts[1]) : nil
        }
    }

    /// Removes the file while it is held, as the last thing that is done with it.
    package func removeFile() { unlink(path) }
}
