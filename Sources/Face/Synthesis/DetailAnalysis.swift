internal import Foundation
internal import Tensors

/// Which faces of the database the seen part of a face is like, and what follows for the part that nobody saw: the paper's
/// convex combination of feature correlations, per octave and region of what was seen.
package struct DetailAnalysis: Sendable {
    /// One per face of the database; they sum to 1.
    package let weights: [Double]
    /// ‖seen − combination‖ over ‖seen − database mean‖.
    package let residual: Double
    /// By `DetailStatistics`' index: (channels + 1)², mean correlations to be synthesized.
    package let targets: [[Float]]

    /// exp of the weights' entropy: so many faces take part.
    package var effectiveFaces: Double { exp2(-weights.reduce(0.0) { $0 + ($1 > 0 ? $1 * log2($1) : 0) }) }

    /// - Parameters:
    ///   - resolved: see `DetailPyramid.resolved`; octaves that are not say nothing of the person.
    ///   - start: weights of an earlier analysis.
    package init(
        of seen: DetailStatistics, database: FaceDatabase, resolved: [Float]? = nil, start: [Double]? = nil
    ) {
        precondition(seen.octaves == database.octaves && seen.taps == database.taps, "another pyramid's database")
        let n = database.faces
        var a = [Double](repeating: 0, count: n * n)
        var b = [Double](repeating: 0, count: n)
        var constant = 0.0
        for (i, block) in database.blocks.enumerated() where seen.correlations[i].weight >= FaceDatabase.fewest {
            let clear = Double(resolved?[i / (seen.taps * DetailRegions.count)] ?? 1)
            guard clear > 0.5 else { continue }
            let spread = block.spread
            guard spread > 0 else { continue }
            // More texels say more, up to what a region holds.
            let trust = min(seen.correlations[i].weight / 2000, 1) / spread
            let length = block.mean.count
            let own = FaceDatabase.triangle(seen.correlations[i].means.map { Float($0) }, side: block.channels + 1)
            let target = Matrix(
                rows: length, columns: 1, values: zip(own, block.mean).map { Double($0 - $1) / Double(block.scale) })
            let rows = Matrix(rows: n, columns: length, values: block.differences.map { Double($0) })
            let unit = trust * Double(block.scale) * Double(block.scale)
            let products = rows.times(rows, otherTransposed: true)
            let along = rows.times(target)
            for j in a.indices { a[j] += unit * products.values[j] }
            for j in b.indices { b[j] += unit * along.values[j] }
            constant += unit * target.values.reduce(0) { $0 + $1 * $1 }
        }
        // A little towards all faces alike: where the evidence cannot tell, the mean is the best guess.
        let ridge = 0.1 * (0..<n).reduce(0.0) { $0 + a[$1 * n + $1] } / Double(n)
        for f in 0..<n { a[f * n + f] += ridge }
        let weights = ConvexFit.minimize(a, b, start: start)
        var left = constant
        for r in 0..<n {
            left -= 2 * b[r] * weights[r]
            for c in 0..<n { left += weights[r] * (a[r * n + c] - (r == c ? ridge : 0)) * weights[c] }
        }
        self.weights = weights
        residual = constant > 0 ? (max(left, 0) / constant).squareRoot() : 1
        targets = Self.targets(database, weights)
    }

    /// The same with other weights: a baseline.
    package func with(weights: [Double], _ database: FaceDatabase) -> DetailAnalysis {
        DetailAnalysis(weights: weights, residual: .nan, targets: Self.targets(database, weights))
    }

    /// Targets that are a face's own: what the best analysis could find.
    package init(ideal statistics: DetailStatistics, database: FaceDatabase) {
        let mean = Self.targets(database, [Double](repeating: 1, count: database.faces))
        self.init(
            weights: [], residual: 0,
            targets: zip(statistics.correlations, mean).map { own, mean in
                own.weight >= FaceDatabase.fewest ? own.means.map { Float($0) } : mean
            })
    }

    private init(weights: [Double], residual: Double, targets: [[Float]]) {
        (self.weights, self.residual, self.targets) = (weights, residual, targets)
    }

    private static func targets(_ database: FaceDatabase, _ weights: [Double]) -> [[Float]] {
        database.blocks.map { FaceDatabase.square($0.blend(weights), side: $0.channels + 1) }
    }
}
