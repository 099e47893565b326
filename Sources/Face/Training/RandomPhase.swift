internal import Foundation

/// Textures that share a patch's spectrum and nothing else: white noise convolved with the patch (Galerne, Gousseau and Morel,
/// "Random Phase Textures: Theory and Synthesis", IEEE TIP 2011).
package enum RandomPhase {
    /// - Parameter patch: `side × side`, row by row; its mean and its mean square are kept.
    package static func surrogate(
        of patch: [Float], side: Int, using generator: inout SeededGenerator
    ) -> [Float] {
        precondition(patch.count == side * side, "patch of \(patch.count) for \(side)²")
        let mean = patch.reduce(0, +) / Float(patch.count)
        // Faded out at its border, which would be an edge where the convolution goes round.
        let fade = (0..<side).map { 0.5 - 0.5 * cosf(2 * .pi * (Float($0) + 0.5) / Float(side)) }
        // Each row twice, one behind the other: going round is going on.
        var spot = [Float](repeating: 0, count: 2 * side * side)
        for y in 0..<side {
            for x in 0..<side {
                let value = (patch[y * side + x] - mean) * fade[x] * fade[y]
                (spot[2 * y * side + x], spot[(2 * y + 1) * side + x]) = (value, value)
            }
        }
        let noise = (0..<side * side).map { _ in Float(generator.normal()) }
        var sums = [Float](repeating: 0, count: side * side)
        spot.withUnsafeBufferPointer { spot in
            sums.withUnsafeMutableBufferPointer { sums in
                for v in 0..<side {
                    for u in 0..<side {
                        let share = noise[v * side + u]
                        for y in 0..<side {
                            let (row, from) = (y * side, 2 * ((y + side - v) % side) * side + side - u)
                            for x in 0..<side { sums[row + x] += share * spot[from + x] }
                        }
                    }
                }
            }
        }
        let level = sums.reduce(0, +) / Float(sums.count)
        func energy(_ values: [Float], _ mean: Float) -> Float { values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } }
        let factor = (energy(patch, mean) / max(energy(sums, level), 1e-20)).squareRoot()
        return sums.map { mean + factor * ($0 - level) }
    }
}
