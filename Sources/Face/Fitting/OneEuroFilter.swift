internal import Foundation

/// Smooths a noisy signal: slowly while it rests, hardly while it moves. Casiez, Roussel, Vogel, "1 € Filter: A Simple
/// Speed-based Low-pass Filter for Noisy Input in Interactive Systems", CHI 2012.
package struct OneEuroFilter: Sendable {
    /// How strongly to smooth. The cut-off is `minimumCutoff + slope × speed`, Hz.
    package struct Settings: Sendable {
        package var minimumCutoff: Double
        /// Hz per unit of the signal per second.
        package var slope: Double
        /// Of the speed itself, Hz.
        package var speedCutoff: Double

        package init(minimumCutoff: Double, slope: Double, speedCutoff: Double = 1.5) {
            self.minimumCutoff = minimumCutoff
            self.slope = slope
            self.speedCutoff = speedCutoff
        }
    }

    private let settings: Settings
    private var last: (value: Double, speed: Double)?

    package init(_ settings: Settings) { self.settings = settings }

    /// Weight of the newest value of a first-order low pass.
    private static func share(cutoff: Double, step: Double) -> Double {
        let r = 2 * .pi * cutoff * step
        return r / (r + 1)
    }

    /// The smoothed value after another one.
    /// - Parameter step: seconds since the value before; above 0.
    package mutating func next(_ value: Double, after step: Double) -> Double {
        precondition(step > 0, "time goes forwards, not by \(step)")
        guard let before = last else {
            last = (value, 0)
            return value
        }
        let own = (value - before.value) / step
        let speed = before.speed + (own - before.speed) * Self.share(cutoff: settings.speedCutoff, step: step)
        let cutoff = settings.minimumCutoff + settings.slope * abs(speed)
        let smooth = before.value + (value - before.value) * Self.share(cutoff: cutoff, step: step)
        last = (smooth, speed)
        return smooth
    }
}
