/// A stream's time stamps → seconds since its first picture, growing strictly whatever the stream says.
package struct StreamClock {
    private let secondsPerTick: Double
    private let framePeriod: Double
    /// Seconds; more than so many between two pictures is the stream's clock being set, and not time that passed.
    private let longestGap: Double
    private var first: Double?
    private var last = 0.0

    package init(secondsPerTick: Double, framePeriod: Double, longestGap: Double) {
        self.secondsPerTick = secondsPerTick
        self.framePeriod = framePeriod
        self.longestGap = longestGap
    }

    package mutating func time(stamp: Int64?) -> Double {
        guard let first else {
            self.first = stamp.map { Double($0) * secondsPerTick } ?? 0
            return 0
        }
        let next = last + framePeriod
        guard let stamp else {
            last = next
            return next
        }
        var time = Double(stamp) * secondsPerTick - first
        if time <= last {
            // A stamp that stands still is jitter. One that runs back means that the stream began anew: go on from here.
            time = time > last - 1 ? last + min(framePeriod, 1e-3) : next
            if time == next { self.first = Double(stamp) * secondsPerTick - next }
        } else if time - last > longestGap {
            time = next
            self.first = Double(stamp) * secondsPerTick - next
        }
        last = time
        return time
    }
}

/// How far a loss reaches: what is predicted from a damaged picture is damaged, up to the next intra frame.
struct Damage {
    /// A stream that refreshes without intra frames has mended itself after so many frames.
    private static let reach = 250
    private var remaining = 0

    mutating func lost() { remaining = Self.reach }

    /// Whether this frame is damaged, in the order of presentation.
    mutating func reaches(isIntra: Bool, isBroken: Bool) -> Bool {
        if isBroken {
            remaining = Self.reach
            return true
        }
        if isIntra { remaining = 0 }
        guard remaining > 0 else { return false }
        remaining -= 1
        return true
    }
}
