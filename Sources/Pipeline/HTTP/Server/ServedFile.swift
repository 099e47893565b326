internal import Foundation

/// An open file that is sent piece by piece: what it holds stays the same, also when its name goes.
package final class ServedFile: Sendable {
    package let size: Int
    /// Device, number, time of change and size in one word: a new file under the old name has another one.
    package let mark: String
    private let descriptor: Int32

    /// `nil` where there is no such regular file, or it cannot be read.
    package init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
        size = Int(status.st_size)
        mark =
            "\(String(status.st_ino, radix: 36))-\(String(status.st_mtim.tv_sec, radix: 36))"
            + "\(String(status.st_mtim.tv_nsec, radix: 36))-\(String(status.st_size, radix: 36))"
    }

    deinit { close(descriptor) }

    /// - Returns: fewer bytes than asked for at the end, none where reading fails.
    func read(at offset: Int, atMost count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var got: Int
            repeat { got = pread(descriptor, buffer.baseAddress, count, off_t(offset)) } while got < 0 && errno == EINTR
            filled = max(got, 0)
        }
    }
}
