internal import Foundation
internal import Tensors

/// An edition as a list shows it.
package struct EditionEntry: Sendable, Equatable {
    package var number: Int
    /// Of the avatar's file.
    package var bytes: Int
    /// Of that edition; `nil` where its manifest is gone or of an earlier version of the program.
    package var manifest: Manifest?
    package var isCurrent: Bool
}

extension Publishing {
    /// All numbered editions that are there, the oldest first.
    package static func editions(output: String, subject: String) throws(Failure) -> [EditionEntry] {
        do throws(FileSystemError) { try checkSubject(subject) } catch { throw Failure(error) }
        let current = AvatarDirectory.manifest("\(output)/\(subject).json")
        let numbers = AvatarDirectory.editions(output, subject, AvatarDirectory.avatarEnding)
        guard !numbers.isEmpty else {
            throw Failure(.noInput, "there is no edition of \(subject) in \(output)")
        }
        return numbers.map { number in
            func name(_ ending: String) -> String {
                "\(output)/\(AvatarDirectory.numberedName(subject, number, ending))"
            }
            var status = stat()
            let bytes = stat(name(AvatarDirectory.avatarEnding), &status) == 0 ? Int(status.st_size) : 0
            let own = number == current?.edition ? current : nil
            return EditionEntry(
                number: number, bytes: bytes,
                manifest: own ?? AvatarDirectory.manifest(name(AvatarDirectory.manifestEnding)),
                isCurrent: own != nil)
        }
    }

    /// Publishes an older edition again, as a new one. What is published next has to score higher than the best edition that
    /// this takes back, not just than the copy: otherwise a running daemon would undo it with the next frame.
    /// - Parameters:
    ///   - edition: the one before what is published now where it is not given; a second rollback goes one further back.
    ///   - hold: nothing replaces the copy until it is released.
    package static func rollback(
        output: String, subject: String, edition: Int?, hold: Bool
    ) throws(Failure) -> Manifest {
        let all = try editions(output: output, subject: subject)
        do {
            // What is kept is for the run to say, which knows its configuration.
            var directory = try AvatarDirectory(
                path: output, subject: subject, retention: Retention(count: .max))
            let before = directory.current
            let now = before.map { $0.copyOf ?? $0.edition } ?? .max
            guard let wanted = edition ?? all.map(\.number).last(where: { $0 < now }),
                let chosen = all.first(where: { $0.number == wanted })
            else {
                let list = all.map { "\($0.number)" }.joined(separator: ", ")
                throw Failure(
                    .noInput,
                    edition.map { "there is no edition \($0) of \(subject): give one of \(list)" }
                        ?? "there is no edition of \(subject) before the one that is published")
            }
            let name = AvatarDirectory.numberedName(subject, chosen.number, AvatarDirectory.avatarEnding)
            let file = try AtomicFile.read("\(output)/\(name)")
            let digest = SHA256.hex(of: file)
            if let manifest = chosen.manifest, manifest.sha256 != digest {
                throw Failure(.badData, "\(output)/\(name) is not what its manifest says: take another edition")
            }
            let map = try? AtomicFile.read(
                "\(output)/\(AvatarDirectory.numberedName(subject, chosen.number, AvatarDirectory.confidenceEnding))")
            return try directory.publish(file, confidence: map) { number, name, digest in
                var copy =
                    chosen.manifest
                    ?? Manifest(
                        subject: subject, edition: number, file: name, stable: "\(subject).glb", sha256: digest,
                        bytes: file.count, published: "", source: before?.source ?? "", streamSeconds: 0,
                        quality: AvatarQuality(coverage: 0, confidence: 0, deviation: 0), keyframes: 0,
                        generator: Version.text, licences: before?.licences ?? [])
                (copy.edition, copy.file, copy.published) = (number, name, timestamp())
                // Of a copy: what that one is a copy of.
                copy.copyOf = chosen.manifest?.copyOf ?? chosen.number
                copy.mustBeat = [before?.quality.score, before?.mustBeat].compactMap { $0 }.max()
                copy.isHeld = hold ? true : nil
                return copy
            }
        } catch let error as FileSystemError {
            throw Failure(error)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.software, "\(error)")
        }
    }

    /// Lets a held edition go.
    /// - Returns: false where none was held.
    package static func release(output: String, subject: String) throws(Failure) -> Bool {
        do throws(FileSystemError) {
            try checkSubject(subject)
            var directory = try AvatarDirectory(path: output, subject: subject, retention: Retention(count: .max))
            return try directory.release()
        } catch {
            throw Failure(error)
        }
    }
}
