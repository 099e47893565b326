internal import Foundation

/// Whole files or none: written beside, synced, renamed, the directory synced.
///
/// The temporary name starts with a dot, ends in `.partial` and lies in the same directory, so that a watcher sees one
/// rename with the final name, and a glob for `*.glb` never sees half a file.
enum AtomicFile {
    static let partialSuffix = ".partial"

    /// - Parameters:
    ///   - mode: of the file, less what the process masks.
    ///   - syncsDirectory: false where the caller does it for several files at once, before anything relies on them.
    static func write(
        _ bytes: [UInt8], to name: String, in directory: String, mode: mode_t = 0o644, syncsDirectory: Bool = true
    ) throws(FileSystemError) {
        let path = directory + "/" + name
        let temporary = "\(directory)/.\(name).\(UInt32.random(in: 0 ... .max))\(partialSuffix)"
        do throws(FileSystemError) {
            try writeAndSync(bytes, to: temporary, mode: mode)
            guard rename(temporary, path) == 0 else {
                throw FileSystemError(operation: "publish", path: path, code: errno)
            }
        } catch {
            unlink(temporary)
            throw error
        }
        if syncsDirectory { try syncDirectory(directory) }
    }

    /// - Parameter limit: bytes; a larger file is refused before memory is taken for it.
    static func read(_ path: String, limit: Int = .max) throws(FileSystemError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileSystemError(operation: "open", path: path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw FileSystemError(operation: "read", path: path, code: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileSystemError(operation: "read", path: path, code: EISDIR)
        }
        guard Int(status.st_size) <= limit else {
            throw FileSystemError(operation: "read", path: path, code: EFBIG)
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress! + done, buffer.count - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileSystemError(operation: "read", path: path, code: errno) }
            if count == 0 { break }
            done += count
        }
        bytes.removeLast(bytes.count - done)
        return bytes
    }

    /// Removes what a killed process left behind. Names the files of one subject only.
    static func removePartials(of subject: String, in directory: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in names where name.hasPrefix(".\(subject).") && name.hasSuffix(partialSuffix) {
            unlink(directory + "/" + name)
        }
    }

    static func syncDirectory(_ directory: String) throws(FileSystemError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileSystemError(operation: "open", path: directory, code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileSystemError(operation: "sync", path: directory, code: errno) }
    }

    private static func writeAndSync(_ bytes: [UInt8], to path: String, mode: mode_t) throws(FileSystemError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw FileSystemError(operation: "write", path: path, code: errno) }
        var done = 0
        var failure: Int32 = 0
        while done < bytes.count, failure == 0 {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done) }
            if count >= 0 { done += count } else if errno != EINTR { failure = errno }
        }
        if failure == 0, fsync(descriptor) != 0 { failure = errno }
        // A delayed write can also fail at close.
        if close(descriptor) != 0, failure == 0 { failure = errno }
        guard failure == 0 else { throw FileSystemError(operation: "write", path: path, code: failure) }
    }
}
