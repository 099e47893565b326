/// Exit statuses, documented in `likenessd --help` and the README; the numbers are sysexits(3)'s where it has one.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case success = 0
    /// The source was read to its end and no usable face was ever in it.
    case noFace = 3
    /// Another person is in front of the camera, and the configuration says to end.
    case anotherPerson = 4
    /// The command line is wrong.
    case usage = 64
    /// The source is not a video, has no video stream, is empty, truncated or damaged beyond use.
    case badData = 65
    /// No such file or device.
    case noInput = 66
    /// The source cannot be reached, refuses, or fell silent.
    case unavailable = 69
    /// A fault of the program itself.
    case software = 70
    /// The output directory cannot be created or written, or the disk is full.
    case cannotCreate = 73
    /// Reading or writing failed on the way.
    case inputOutput = 74
    /// Wrong user name or password, or no permission for the device.
    case noPermission = 77
    /// Configuration or set-up: unknown preset or key, models missing or with a wrong hash.
    case configuration = 78

    package var meaning: String {
        switch self {
        case .success: "done"
        case .noFace: "no usable face was ever seen"
        case .anotherPerson: "another person came (selection.stranger: end)"
        case .usage: "wrong command line"
        case .badData: "the source is not a video, or is empty, truncated or damaged"
        case .noInput: "no such file or device"
        case .unavailable: "the source cannot be reached, refuses or fell silent"
        case .software: "a fault of likenessd itself"
        case .cannotCreate: "the output cannot be written, or the disk is full"
        case .inputOutput: "reading or writing failed on the way"
        case .noPermission: "wrong user name or password, or no permission for the device"
        case .configuration: "unknown preset or key; models missing or with a wrong hash"
        }
    }

    /// Of several, the one that the process ends with is the one with the highest rank: first what trying again does not help.
    package var seriousness: Int {
        let order: [ExitStatus] = [
            .success, .noFace, .anotherPerson, .badData, .unavailable, .noInput, .inputOutput, .cannotCreate, .usage,
            .noPermission, .configuration, .software,
        ]
        return order.firstIndex(of: self) ?? order.count
    }

    /// For the end of the help text.
    package static var table: String {
        "EXIT STATUS:\n"
            + allCases.map { "  \($0.rawValue < 10 ? " " : "")\($0.rawValue)  \($0.meaning)" }.joined(separator: "\n")
    }
}

/// A failure that ends a command: one line for the user, and the status.
package struct Failure: Error, Sendable, CustomStringConvertible {
    package let code: ExitStatus
    package let description: String

    package init(_ code: ExitStatus, _ description: String) {
        self.code = code
        self.description = description
    }

    package init(_ error: FileSystemError) {
        self.init(.cannotCreate, error.description)
    }

    package init(_ error: ConfigurationError) {
        self.init(.configuration, error.description)
    }
}
