internal import Foundation

/// A system call on a path that failed: what, which, why, in one line.
package struct FileSystemError: Error, Sendable, Equatable, CustomStringConvertible {
    package let operation: String
    package let path: String
    /// `errno`.
    package let code: Int32

    package init(operation: String, path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    package var isFull: Bool { code == ENOSPC || code == EDQUOT }

    package var description: String {
        let reason = String(cString: strerror(code))
        let remedy =
            switch code {
            case ENOSPC, EDQUOT: "; free some space or choose another --output"
            case EACCES, EPERM, EROFS: "; make it writable or choose another --output"
            case ENOENT: "; create it or correct the path"
            case EBUSY: "; stop that one first"
            case ENOTDIR, EEXIST: "; a directory is needed there"
            default: ""
            }
        return "cannot \(operation) \(path): \(reason)\(remedy)"
    }
}
