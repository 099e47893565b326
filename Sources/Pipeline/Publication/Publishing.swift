internal import Foundation

package enum Publishing {
    /// Publishes a finished .glb as the next edition. The quality is taken from the present manifest when the file is
    /// one of its editions, since a republication is the user's wish and not a measurement. Its map of confidence goes along
    /// where it lies beside it.
    package static func republish(
        avatar: String, output: String, subject: String, keep: Int
    ) throws(Failure) -> Manifest {
        do throws(FileSystemError) {
            try checkSubject(subject)
            let file = try AtomicFile.read(avatar)
            guard file.starts(with: Array("glTF".utf8)) else {
                throw FileSystemError(operation: "publish (it is not a .glb)", path: avatar, code: EINVAL)
            }
            let sidecar = avatar.hasSuffix(".glb") ? avatar.dropLast(3) + AvatarDirectory.confidenceEnding : nil
            let map = sidecar.flatMap { try? AtomicFile.read(String($0)) }
            var directory = try AvatarDirectory(path: output, subject: subject, keep: keep)
            let before = directory.current
            return try directory.publish(file, confidence: map) { edition, name, digest in
                Manifest(
                    subject: subject, edition: edition, file: name, stable: "\(subject).glb", sha256: digest,
                    bytes: file.count, published: timestamp(), source: "republished", streamSeconds: 0,
                    quality: before?.quality ?? AvatarQuality(coverage: 0, confidence: 0, deviation: 0),
                    keyframes: 0, generator: Version.text, licences: before?.licences ?? [])
            }
        } catch {
            throw Failure(error)
        }
    }

    /// A subject is a file name's first part: letters, digits, `-` and `_`.
    package static func checkSubject(_ subject: String) throws(FileSystemError) {
        let allowed = subject.unicodeScalars.allSatisfy {
            CharacterSet.alphanumerics.contains($0) || $0 == "-" || $0 == "_"
        }
        guard allowed, !subject.isEmpty, subject.utf8.count <= 64 else {
            throw FileSystemError(
                operation: "use the subject (give letters, digits, - and _)", path: "'\(subject)'", code: EINVAL)
        }
    }

    static func timestamp() -> String { ISO8601DateFormatter().string(from: Date()) }
}
