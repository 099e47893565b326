internal import Foundation

/// SplitMix64 (Steele, Lea, Flood 2014): the same draws on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Uniform in 0..<1.
    package mutating func uniform() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }

    /// N(0, 1), cut at ±`limit`.
    package mutating func normal(limit: Double = 2.5) -> Double {
        while true {
            let value = (-2 * log(1 - uniform())).squareRoot() * cos(2 * .pi * uniform())
            if abs(value) <= limit { return value }
        }
    }
}
