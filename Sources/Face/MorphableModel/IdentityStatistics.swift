package import Tensors

/// Mean and principal modes of drawn heads: the probabilistic form of PCA that a fit needs (Blanz and Vetter 1999).
package struct IdentityStatistics: Sendable {
    /// P points, the unit of the samples.
    package var mean: [SIMD3<Double>]
    /// K × 3P: one mode per row, per standard deviation.
    package var modes: Matrix
    /// Share of the weighted variance that the K modes keep.
    package var kept: Double

    /// - Parameters:
    ///   - samples: heads of P points each; aligned here by rotation and translation, never by size.
    ///   - weights: P: how much each point counts in the alignment and the variance.
    ///   - share: of the weighted variance to keep.
    package init(samples: [[SIMD3<Double>]], weights: [Double], share: Double, maximumCount: Int) {
        precondition(samples.count > 2 && samples.allSatisfy { $0.count == weights.count })
        var aligned = samples
        // Beginning at the plain mean keeps a mean of samples and their mirror images symmetric.
        var mean = Self.mean(samples)
        for _ in 0..<3 {
            for i in aligned.indices { aligned[i] = Self.align(aligned[i], to: mean, weights: weights) }
            mean = Self.mean(aligned)
        }
        let (n, p) = (samples.count, mean.count)
        var deviations = Matrix(rows: n, columns: 3 * p)
        var weighted = Matrix(rows: n, columns: 3 * p)
        for i in 0..<n {
            for j in 0..<p {
                let d = aligned[i][j] - mean[j]
                let w = weights[j].squareRoot()
                for c in 0..<3 {
                    deviations[i, 3 * j + c] = d[c]
                    weighted[i, 3 * j + c] = d[c] * w
                }
            }
        }
        // Few samples, many coordinates: the eigenvectors of the n × n Gram matrix (Turk and Pentland 1991).
        let gram = weighted.times(weighted, otherTransposed: true)
        guard let eigen = gram.symmetricEigen() else { preconditionFailure("a Gram matrix has eigenvalues") }
        let total = eigen.values.reduce(0) { $0 + max($1, 0) }
        var count = 0
        var sum = 0.0
        while count < min(n - 1, maximumCount), sum < share * total {
            sum += max(eigen.values[n - 1 - count], 0)
            count += 1
        }
        // Mode k = X' u_k / √(n−1): coefficients of the samples then have variance 1.
        var combination = Matrix(rows: count, columns: n)
        for k in 0..<count {
            for i in 0..<n { combination[k, i] = eigen.vectors[i, n - 1 - k] / Double(n - 1).squareRoot() }
        }
        self.mean = mean
        modes = combination.times(deviations)
        kept = sum / total
    }

    private static func mean(_ samples: [[SIMD3<Double>]]) -> [SIMD3<Double>] {
        var sum = samples[0]
        for sample in samples.dropFirst() { for p in sum.indices { sum[p] += sample[p] } }
        return sum.map { $0 / Double(samples.count) }
    }

    /// The rigid motion (no scale) of least weighted squares from `points` to `target`, applied. Horn 1987.
    package static func align(
        _ points: [SIMD3<Double>], to target: [SIMD3<Double>], weights: [Double]
    ) -> [SIMD3<Double>] {
        let total = weights.reduce(0, +)
        func centre(_ p: [SIMD3<Double>]) -> SIMD3<Double> {
            zip(p, weights).reduce(.zero) { $0 + $1.0 * $1.1 } / total
        }
        let (a, b) = (centre(points), centre(target))
        var s = Matrix(rows: 3, columns: 3)
        for i in points.indices {
            let (p, q, w) = (points[i] - a, target[i] - b, weights[i])
            for r in 0..<3 { for c in 0..<3 { s[r, c] += w * p[r] * q[c] } }
        }
        let n = Matrix(
            rows: 4, columns: 4,
            values: [
                s[0, 0] + s[1, 1] + s[2, 2], s[1, 2] - s[2, 1], s[2, 0] - s[0, 2], s[0, 1] - s[1, 0],
                s[1, 2] - s[2, 1], s[0, 0] - s[1, 1] - s[2, 2], s[0, 1] + s[1, 0], s[2, 0] + s[0, 2],
                s[2, 0] - s[0, 2], s[0, 1] + s[1, 0], -s[0, 0] + s[1, 1] - s[2, 2], s[1, 2] + s[2, 1],
                s[0, 1] - s[1, 0], s[2, 0] + s[0, 2], s[1, 2] + s[2, 1], -s[0, 0] - s[1, 1] + s[2, 2],
            ])
        guard let eigen = n.symmetricEigen() else { return points }
        let q = (0..<4).map { eigen.vectors[$0, 3] }
        let (w, x, y, z) = (q[0], q[1], q[2], q[3])
        let rotation = Rotation(
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)])
        return points.map { rotation.apply($0 - a) + b }
    }
}
