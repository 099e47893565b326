internal import Synchronization

/// The stations that run at present. What a station has counted, and its pause, go on when the settings are read again.
package final class Roster: Sendable {
    private struct State {
        var stations: [Station] = []
        /// All were paused at once: also those that are still to come.
        var isPaused = false
    }

    private let state = Mutex(State())

    package init() {}

    package var stations: [Station] { state.withLock(\.stations) }

    /// Others are to run from here on; one that publishes the same as before goes on with its counters.
    /// - Returns: what is to run.
    package func replace(by stations: [Station]) -> [Station] {
        let (present, paused) = state.withLock { state in
            let known = Dictionary(state.stations.map { ($0.avatar, $0) }) { first, _ in first }
            let new = stations.filter { known[$0.avatar] == nil }
            state.stations = stations.map { station in known[station.avatar].map(station.continuing) ?? station }
            return (state.stations, state.isPaused ? new : [])
        }
        for station in present { station.report.begin() }
        for station in paused { station.pause.pause() }
        return present
    }

    package func pause() { set(true) }
    package func resume() { set(false) }

    private func set(_ isPaused: Bool) {
        let stations = state.withLock { state in
            state.isPaused = isPaused
            return state.stations
        }
        for station in stations { if isPaused { station.pause.pause() } else { station.pause.resume() } }
    }
}
