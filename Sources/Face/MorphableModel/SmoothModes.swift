internal import Foundation

/// Smooth deviations from what a statistical model's own modes can make: a Gaussian process over the surface, cut to its
/// strongest modes (Lüthi, Gerig, Jud, Vetter, "Gaussian Process Morphable Models", TPAMI 2018, with the pivoted
/// Cholesky decomposition of Dölz, Gerig, Lüthi, Harbrecht, Vetter 2019).
///
/// No basis holds every face. With these modes beside it, a fit follows the picture beyond the basis where the evidence
/// is strong, stays on it elsewhere, and its posterior knows what the basis does not.
///
/// Covariance of the displacements of points x and y: a(x) a(y) (k(x, y) 1 + ρ k(x, Ry) R), with k a sum of Gaussians,
/// a the amplitude and R the reflection in x = 0: a share (1 + ρ)/2 of all deviations is symmetric.
package struct SmoothModes {
    package struct Scale {
        /// Standard deviation and correlation length, metres.
        package var deviation: Double
        package var length: Double

        package init(deviation: Double, length: Double) {
            self.deviation = deviation
            self.length = length
        }
    }

    /// M modes of one offset per point, metres per standard deviation.
    package private(set) var modes: [[SIMD3<Double>]] = []

    /// - Parameters:
    ///   - points: metres, symmetric about x = 0.
    ///   - amplitude: one per point, 0...1.
    ///   - symmetry: ρ, 0...1.
    package init(points: [SIMD3<Double>], amplitude: [Double], scales: [Scale], symmetry: Double, count: Int) {
        precondition(points.count == amplitude.count, "\(points.count) points, \(amplitude.count) amplitudes")
        let flip = SIMD3<Double>(-1, 1, 1)
        func kernel(_ p: SIMD3<Double>, _ q: SIMD3<Double>) -> Double {
            let d = p - q
            let square = (d * d).sum()
            return scales.reduce(0) {
                $0 + $1.deviation * $1.deviation * exp(-square / (2 * $1.length * $1.length))
            }
        }
        /// Column of the covariance that belongs to point `i`, axis `axis`.
        func column(_ i: Int, _ axis: Int) -> [SIMD3<Double>] {
            points.indices.map { j in
                let scale = amplitude[i] * amplitude[j]
                guard scale > 0 else { return .zero }
                var result = SIMD3<Double>.zero
                result[axis] =
                    scale
                    * (kernel(points[j], points[i])
                        + symmetry * flip[axis] * kernel(points[j], points[i] * flip))
                return result
            }
        }
        var variance = points.indices.map { i in
            let (own, other) = (kernel(points[i], points[i]), symmetry * kernel(points[i], points[i] * flip))
            return (SIMD3(repeating: own) + flip * other) * (amplitude[i] * amplitude[i])
        }
        for _ in 0..<count {
            // The displacement that the modes so far explain least.
            let pivot = variance.indices.max { variance[$0].max() < variance[$1].max() }!
            let axis = (0..<3).max { variance[pivot][$0] < variance[pivot][$1] }!
            let left = variance[pivot][axis]
            guard left > 1e-12 else { break }
            var mode = column(pivot, axis)
            for known in modes {
                let share = known[pivot][axis]
                for j in mode.indices { mode[j] -= share * known[j] }
            }
            for j in mode.indices {
                mode[j] /= left.squareRoot()
                variance[j] = pointwiseMax(variance[j] - mode[j] * mode[j], .zero)
            }
            modes.append(mode)
        }
    }
}
