internal import Synchronization

/// The stations that run at present. What a station has counted goes on when the settings are read again.
package final class Roster: Sendable {
    private let present: Mutex<[Station]>

    package init(_ stations: [Station] = []) { present = Mutex(stations) }

    package var stations: [Station] { present.withLock { $0 } }

    /// Others are to run from here on; one that publishes the same as before goes on with its counters.
    /// - Returns: what is to run.
    package func replace(by stations: [Station]) -> [Station] {
        present.withLock { present in
            let known = Dictionary(present.map { ($0.avatar, $0) }) { first, _ in first }
            present = stations.map { station in known[station.avatar].map(station.continuing) ?? station }
            for station in present { station.report.begin() }
            return present
        }
    }
}
