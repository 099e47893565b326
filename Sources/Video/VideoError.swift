/// A source that cannot be read (any more): one line with the cause and the remedy, never a password.
package struct VideoError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable, CaseIterable {
        case noSuchInput
        case unknownScheme
        case empty
        case notAVideo
        case noVideoStream
        case truncated
        case undecodable
        case unreachable
        case refused
        case unauthorized
        case notFound
        case timedOut
        case permissionDenied
        case busy
        case interrupted
        /// The stream came to an end; of a camera, which has none, whoever serves it is gone.
        case ended
        case io
    }

    package let kind: Kind
    /// Redacted.
    package let source: String
    /// FFmpeg's or the system's own word, redacted; may be empty.
    package let detail: String

    package init(_ kind: Kind, source: String, detail: String = "") {
        self.kind = kind
        self.source = source
        self.detail = detail
    }

    package var description: String {
        let sentence =
            switch kind {
            case .noSuchInput: "there is no such file or device; check --source"
            case .unknownScheme:
                "FFmpeg knows no such kind of address; give rtsp://, rtsps://, http://, https://, a device or a file"
            case .empty: "the file is empty (0 bytes)"
            case .notAVideo: "this is not a video or picture that FFmpeg can read"
            case .noVideoStream: "there is no video stream in it, only sound or data"
            case .truncated: "the file is cut off: its index is missing; copy or record it again"
            case .undecodable: "no picture could be decoded from it; the file is damaged"
            case .unreachable: "the host cannot be reached; check the address and the network"
            case .refused: "the connection is refused; check that the camera is on and the port is right"
            case .unauthorized: "the camera refuses the user name or password; correct it in the source's URL"
            case .notFound: "the camera has no stream of that path; check the URL"
            case .timedOut:
                "nothing came in time; check that the camera is on, or give it longer (video.openSeconds, readSeconds)"
            case .permissionDenied: "no permission to read it; for a webcam, join the group 'video'"
            case .busy: "another program is using the device; close it"
            case .interrupted: "stopped"
            case .ended: "the stream ended; whoever sends it was stopped or started again"
            case .io: "reading or writing failed"
            }
        return "\(source): \(sentence)\(detail.isEmpty ? "" : " (\(detail))")"
    }
}
