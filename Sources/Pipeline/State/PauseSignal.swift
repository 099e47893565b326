internal import Foundation
internal import Logging
internal import Synchronization

/// "Close the camera until further notice": from a signal or a file to whoever reads the source. What was made stays, and goes
/// on being published; nothing new is seen.
package final class PauseSignal: Sendable {
    private struct State {
        var isPaused = false
        var handlers: [Int: @Sendable () -> Void] = [:]
        var number = 0
        /// The file that says so beyond the end of the process.
        var marker: PauseMarker?
        /// Whether it was there when it was last looked at: only a change of it is a word.
        var markerWasThere = false
    }

    private let state = Mutex(State())

    package init() {}

    package var isPaused: Bool { state.withLock(\.isPaused) }

    package func pause() { set(true) }
    package func resume() { set(false) }

    private func set(_ isPaused: Bool) {
        let marker = state.withLock(\.marker)
        // The file first: a kill between the two must not open the camera again.
        if isPaused { try? marker?.put() } else { try? marker?.remove() }
        if let marker { state.withLock { $0.markerWasThere = marker.isThere } }
        apply(isPaused)
    }

    private func apply(_ isPaused: Bool) {
        let handlers = state.withLock { state in
            state.isPaused = isPaused
            return isPaused ? Array(state.handlers.values) : []
        }
        for handler in handlers { handler() }
    }

    /// Calls `handler` whenever a pause begins, until the value that is returned is given to `forget`; now if it has begun.
    func whenPaused(_ handler: @escaping @Sendable () -> Void) -> Int {
        let (number, now) = state.withLock { state in
            state.number += 1
            state.handlers[state.number] = handler
            return (state.number, state.isPaused)
        }
        if now { handler() }
        return number
    }

    func forget(_ number: Int) { state.withLock { $0.handlers[number] = nil } }

    /// Takes a file as the word from now on; signals then write and remove it.
    func follow(_ marker: PauseMarker) {
        // A pause that was asked for before.
        let isPaused = state.withLock { state in
            state.marker = marker
            return state.isPaused
        }
        if isPaused { try? marker.put() }
        look()
    }

    /// Does what the file says, if there is one to follow.
    func look() {
        guard let marker = state.withLock(\.marker) else { return }
        let isThere = marker.isThere
        let hasChanged = state.withLock { state in
            defer { state.markerWasThere = isThere }
            return state.markerWasThere != isThere
        }
        if hasChanged { apply(isThere) }
    }
}

/// The file `SUBJECT.paused` in a state directory, by which a pause outlives the process.
package struct PauseMarker: Sendable {
    package let directory: String
    package let subject: String

    package init(directory: String, subject: String) { (self.directory, self.subject) = (directory, subject) }

    private var name: String { "\(subject).paused" }

    package var isThere: Bool { access("\(directory)/\(name)", F_OK) == 0 }

    package func put() throws(FileSystemError) {
        guard !isThere else { return }
        try AtomicFile.write(Array("\(Publishing.timestamp())\n".utf8), to: name, in: directory, mode: 0o600)
    }

    package func remove() throws(FileSystemError) {
        guard unlink("\(directory)/\(name)") == 0 || errno == ENOENT else {
            throw FileSystemError(operation: "remove", path: "\(directory)/\(name)", code: errno)
        }
        try AtomicFile.syncDirectory(directory)
    }
}

extension Pipeline {
    /// Looks after the pause file, twice a second, until the stages have ended.
    func followPause(_ pause: PauseSignal, until keeper: StateKeeper) async {
        while !keeper.isOver {
            pause.look()
            try? await Task.sleep(for: .milliseconds(250))
        }
    }
}

/// Pauses by hand, from another process.
package enum Pausing {
    /// Puts or removes the file of a pause, in the directory that the subject's runs keep their state in.
    package static func set(
        _ isPaused: Bool, subject: String, output: String, state: String?
    ) throws(Failure) {
        let noted = DirectoryLock.places(directory: output, subject: subject).compactMap { place in
            if case .state(let path) = place { path } else { nil }
        }
        let usual =
            Places.state(configured: "", output: output) ?? Places.usualState(output: output)
        // In each place where a run may look.
        let known = (noted + [usual]).filter { access($0, F_OK) == 0 }
        var places = state.map { [$0] } ?? known
        if places.isEmpty { places = [noted.last ?? usual] }
        do throws(FileSystemError) {
            try Publishing.checkSubject(subject)
            for place in Set(places) {
                let marker = PauseMarker(directory: place, subject: subject)
                if isPaused {
                    try DirectoryLock.create(place, mode: 0o700)
                    try marker.put()
                } else if marker.isThere {
                    try marker.remove()
                }
            }
        } catch {
            throw Failure(error)
        }
    }
}
