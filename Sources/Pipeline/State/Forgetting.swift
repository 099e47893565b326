internal import Face
internal import Foundation

/// Removes everything that runs have kept of a person.
package struct Forgetting {
    /// Files and directories that went.
    package private(set) var removed: [String] = []
    /// What only the user can decide, a line each.
    package private(set) var remarks: [String] = []

    private let output: String
    private let subject: String

    /// - Parameters:
    ///   - state: where checkpoints are; where it is not given they are looked for in the places that runs use and have noted.
    ///   - only: leave SUBJECT-2 … of `stranger: apart` alone.
    /// - Throws: where a run has the files in hand, or something cannot be removed.
    package init(subject: String, output: String, state: String?, only: Bool) throws(Failure) {
        self.output = output
        self.subject = subject
        do throws(FileSystemError) {
            try Publishing.checkSubject(subject)
            guard access(output, F_OK) == 0 else {
                throw FileSystemError(operation: "open", path: output, code: errno)
            }
            try forget(state: state, only: only)
        } catch {
            throw Failure(error)
        }
    }

    private static func companions(of subject: String) -> [String] {
        (2...Recognition.mostApart).map { "\(subject)-\($0)" }
    }

    /// The subject whose run may have kept this one as its second, third … person, and that person's number from 0.
    private static func host(of subject: String) -> (subject: String, person: Int)? {
        (2...Recognition.mostApart).first { subject.hasSuffix("-\($0)") }
            .map { (String(subject.dropLast("-\($0)".count)), $0 - 1) }
            .flatMap { $0.0.isEmpty ? nil : $0 }
    }

    private mutating func forget(state: String?, only: Bool) throws(FileSystemError) {
        let subjects = [subject] + (only ? [] : Self.companions(of: subject))
        let host = Self.host(of: subject)
        let noted = (subjects + [host?.subject].compactMap { $0 }).flatMap { name in
            DirectoryLock.places(directory: output, subject: name).map { (name, $0) }
        }
        var states = state.map { [$0] } ?? []
        for (_, place) in noted { if case .state(let path) = place { states.append(path) } }
        states += [Places.usualState(output: output)]
        states += [Places.state(configured: "", output: output)].compactMap { $0 }
        var seen: Set<String> = []
        states = states.filter { FileManager.default.fileExists(atPath: $0) && seen.insert($0).inserted }
        if let state, !seen.contains(state) { throw FileSystemError(operation: "open", path: state, code: ENOENT) }

        // All locks before the first file: a run that is under way keeps everything whole.
        let holder = "is at work for the subject"
        let locks = Locks()
        for name in subjects { try locks.take(output, name, holder) }
        func mayHold(_ path: String) -> Bool {
            guard let host else { return false }
            return Self.names(path).contains { $0.hasPrefix("\(host.subject).") }
        }
        let shared = states.filter(mayHold)
        for path in states {
            for name in subjects { try locks.take(path, name, holder) }
        }
        if let host { for path in shared { try locks.take(path, host.subject, holder) } }
        let owner = Self.owner(of: "\(output)/\(DirectoryLock.name(subject))")
        for path in states {
            if let host, shared.contains(path) { try forget(person: host.person, of: host.subject, in: path) }
            if only {
                try forget(person: 0, of: subject, in: path)
            } else {
                for name in subjects { try removeState(of: name, in: path) }
            }
        }
        for name in subjects { try removePublications(of: name) }
        for (name, place) in noted {
            guard case .made(let path) = place else { continue }
            removeMade(path, by: name, owner: owner)
        }
        locks.removeFiles(of: Set(subjects))
        for path in states where (try? FileManager.default.contentsOfDirectory(atPath: path))?.isEmpty == true {
            if rmdir(path) == 0 { removed.append(path) }
        }
        for path in [output] + states { remarkStrangers(in: path, subjects) }
        if states.isEmpty {
            remarks.append(
                "no checkpoints were found; if runs of \(subject) kept them elsewhere, name the place with --state")
        }
    }

    /// Locks that are held until all is done. A class, since a lock cannot be copied.
    private final class Locks {
        private var held: [(subject: String, lock: Box)] = []

        private final class Box {
            let lock: DirectoryLock
            init(_ lock: consuming DirectoryLock) { self.lock = lock }
        }

        func take(_ directory: String, _ subject: String, _ holder: String) throws(FileSystemError) {
            held.append((subject, Box(try DirectoryLock(directory: directory, subject: subject, holder: holder))))
        }

        /// A lock's file goes while it is held; also of those that were taken only to look.
        func removeFiles(of subjects: Set<String>) {
            for (subject, box) in held where subjects.contains(subject) { box.lock.removeFile() }
            held = []
        }
    }

    private mutating func remove(_ path: String) throws(FileSystemError) {
        guard unlink(path) == 0 else {
            if errno == ENOENT { return }
            throw FileSystemError(operation: "remove", path: path, code: errno)
        }
        removed.append(path)
    }

    private static func names(_ directory: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }

    /// The manifest first: whoever watches sees the subject end, and no manifest names a file that is gone.
    private mutating func removePublications(of name: String) throws(FileSystemError) {
        try remove("\(output)/\(name).\(AvatarDirectory.manifestEnding)")
        for file in Self.names(output) where Self.isPublication(file, of: name) { try remove("\(output)/\(file)") }
        try AtomicFile.syncDirectory(output)
    }

    /// Stable and numbered files, and what a killed process left of them.
    private static func isPublication(_ file: String, of name: String) -> Bool {
        if file.hasPrefix(".\(name).") { return file.hasSuffix(AtomicFile.partialSuffix) }
        guard file.hasPrefix("\(name).") else { return false }
        let rest = file.dropFirst(name.count + 1)
        return AvatarDirectory.endings.contains { ending in
            guard rest.hasSuffix(ending) else { return false }
            let middle = rest.dropLast(ending.count)
            return middle.isEmpty || (middle.last == "." && middle.dropLast().allSatisfy(\.isNumber))
        }
    }

    private mutating func removeState(of name: String, in path: String) throws(FileSystemError) {
        for file in Self.names(path) {
            if file.hasPrefix("\(name).damaged-") {
                do { try FileManager.default.removeItem(atPath: "\(path)/\(file)") } catch {
                    throw FileSystemError(operation: "remove", path: "\(path)/\(file)", code: EIO)
                }
                removed.append("\(path)/\(file)")
            } else if StateDirectory.isState(file, of: name)
                || (file.hasPrefix(".\(name).") && file.hasSuffix(AtomicFile.partialSuffix))
            {
                try remove("\(path)/\(file)")
            }
        }
        try AtomicFile.syncDirectory(path)
    }

    /// One of several people of a checkpoint.
    private mutating func forget(person: Int, of host: String, in path: String) throws(FileSystemError) {
        switch try StateDirectory.forget(person: person, of: host, in: path) {
        case .nothing: return
        case .oneOfSeveral(let parts): removed += parts.map { "\(path)/\($0)" }
        case .all: try removeState(of: host, in: path)
        }
        // They may hold the person too, and nobody can tell without the checkpoint that they belong to.
        for file in Self.names(path) where file.hasPrefix("\(host).damaged-") {
            if (try? FileManager.default.removeItem(atPath: "\(path)/\(file)")) != nil {
                removed.append("\(path)/\(file)")
            }
        }
    }

    private static func owner(of path: String) -> uid_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_uid : nil
    }

    /// A file that a run was asked to write. The note of it can be changed by whoever runs `likenessd`, so nothing is removed
    /// that this user could not remove by hand.
    private mutating func removeMade(_ path: String, by name: String, owner: uid_t?) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard name == subject || name.hasPrefix(subject + "-") else {
            remarks.append("\(path) was written by runs of \(name) and may show \(subject) too")
            return
        }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_uid == owner, unlink(path) == 0 else {
            remarks.append("\(path) was written for \(subject) by a run and is left: remove it by hand")
            return
        }
        removed.append(path)
    }

    private mutating func remarkStrangers(in directory: String, _ subjects: [String]) {
        for file in Self.names(directory) {
            let bare = file.hasPrefix(".") ? file.dropFirst() : file[...]
            guard subjects.contains(where: { bare.hasPrefix("\($0).") }) else { continue }
            remarks.append("\(directory)/\(file) bears the name and is none of likenessd's: it is left")
        }
    }
}
