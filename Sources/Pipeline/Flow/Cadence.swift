/// Decides on stream time when work that got cheaper to skip is due again. Pure; the same stream gives the same choices.
package struct Cadence: Sendable {
    /// Seconds of stream time between two runs, at first.
    package let interval: Double
    /// Later runs are further apart, by this share of the stream's age: the work per second falls while what there is
    /// to gain falls. 0 keeps the interval.
    package let growth: Double
    /// However old the stream, never further apart than this many seconds (or the interval itself).
    package static let longest = 10.0
    private var last: Double?
    private var pending = false

    package init(interval: Double, growth: Double = 0) {
        self.interval = interval
        self.growth = growth
    }

    /// Something to work on has changed.
    package mutating func changed() { pending = true }

    /// True when a change waits and the interval is over (the first is due at once, the final one always).
    package mutating func isDue(at time: Double, final: Bool = false) -> Bool {
        let wait = max(interval, min(growth * time, Self.longest))
        guard pending, final || last.map({ time - $0 >= wait }) ?? true else { return false }
        pending = false
        last = time
        return true
    }
}

/// How long to wait before a lost source is opened again: 1 s five times, 5 s five times, 10 s ten times, then 60 s.
package struct Backoff: Sendable {
    /// A source that gave frames for this long starts from the beginning again, seconds.
    package static let goodSeconds = 10.0
    private var attempt = 0

    package init() {}

    /// Seconds until the next try, before jitter.
    package mutating func next() -> Double {
        defer { attempt += 1 }
        return switch attempt {
        case 0..<5: 1
        case 5..<10: 5
        case 10..<20: 10
        default: 60
        }
    }

    package mutating func succeeded(forSeconds seconds: Double) {
        if seconds >= Self.goodSeconds { attempt = 0 }
    }
}
