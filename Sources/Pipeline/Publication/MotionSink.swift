internal import Face
internal import Foundation

/// Writes the person's motion for other programs: one line of JSON per frame, into a file or a named pipe.
///
///     {"frame":12,"time":0.4,"rotation":[x,y,z,w],"translation":[x,y,z],"gaze":[yaw,pitch],"weights":[…52…]}
///
/// The first line names the weights: `{"weights":["eyeBlinkLeft",…],"unit":"metre","space":"glTF camera"}`. Rotation (a
/// unit quaternion; none for a face that looks into the camera) and translation (metres) bring the head's model space into
/// a glTF camera's (x right, y up, z towards the viewer); gaze is in radians to the person's left and up, in the head's
/// space. A pipe that nobody reads, or not fast enough, loses lines rather than time.
struct MotionSink: ~Copyable {
    private let path: String
    private let header: [UInt8]
    private var descriptor: Int32 = -1
    private let isPipe: Bool
    /// Lines that nobody took.
    private(set) var lost = 0

    init(path: String, names: [String]) throws(Failure) {
        self.path = path
        var status = stat()
        // A reader that goes away is an error of `write` and not this program's end.
        signal(SIGPIPE, SIG_IGN)
        isPipe = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
        header = Array(Self.header(names: names).utf8)
        if !isPipe {
            descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                throw Failure(FileSystemError(operation: "write", path: path, code: errno))
            }
            try put(header)
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    mutating func write(_ line: String) throws(Failure) {
        if isPipe, descriptor < 0 {
            // Fails while there is no reader.
            descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            if descriptor >= 0 { try put(header) }
        }
        guard descriptor >= 0 else {
            lost += 1
            return
        }
        try put(Array(line.utf8))
    }

    /// A pipe takes a line whole or not at all, as long as it is shorter than the page that POSIX grants. A line that does not fit
    /// into a file leaves nothing of itself there.
    private mutating func put(_ bytes: [UInt8]) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + done, bytes.count - done) }
            if count > 0 {
                done += count
            } else if isPipe, errno == EAGAIN {
                lost += 1
                return
            } else if isPipe, errno == EPIPE {
                // The reader went; another may come.
                close(descriptor)
                descriptor = -1
                lost += 1
                return
            } else if errno != EINTR {
                let error = FileSystemError(operation: "write", path: path, code: errno)
                if done > 0, case let end = lseek(descriptor, 0, SEEK_CUR), end >= done {
                    ftruncate(descriptor, end - done)
                    lseek(descriptor, end - done, SEEK_SET)
                }
                lost += 1
                throw Failure(error)
            }
        }
    }

    static func header(names: [String]) -> String {
        let list = names.map { "\"\($0)\"" }.joined(separator: ",")
        return "{\"weights\":[\(list)],\"unit\":\"metre\",\"space\":\"glTF camera\"}\n"
    }

    static func line(_ eyes: EyeFollower.Eyes, time: Double) -> String {
        func list(_ values: [Double], _ digits: Int) -> String {
            "[" + values.map { StatusLine.fixed($0, digits) }.joined(separator: ",") + "]"
        }
        let (q, t) = ((Pose.facing.inverse * eyes.view.pose.rotation).quaternion, eyes.view.pose.translation)
        return "{\"frame\":\(eyes.view.frame),\"time\":\(StatusLine.fixed(time, 4)),"
            + "\"rotation\":\(list([q.x, q.y, q.z, q.w], 6)),\"translation\":\(list([t.x, -t.y, -t.z], 5)),"
            + "\"gaze\":\(list([eyes.yaw, eyes.pitch], 4)),\"weights\":\(list(eyes.view.expression, 3))}\n"
    }
}
