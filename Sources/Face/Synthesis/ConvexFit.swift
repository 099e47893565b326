internal import Tensors

/// min ½ wᵀ A w − bᵀ w over the simplex (w ≥ 0, Σ w = 1), A symmetric and positive semidefinite: accelerated projected gradient
/// (Beck & Teboulle 2009) with Duchi et al. 2008's projection. Starts from any point, so it warm-starts.
package enum ConvexFit {
    package static func minimize(
        _ a: [Double], _ b: [Double], start: [Double]? = nil, steps: Int = 400
    ) -> [Double] {
        let n = b.count
        precondition(a.count == n * n && n > 0, "\(a.count) elements for \(n) weights")
        // The largest row sum bounds the largest eigenvalue.
        let bound = (0..<n).map { r in (0..<n).reduce(0.0) { $0 + abs(a[r * n + $1]) } }.max()!
        guard bound > 0 else { return [Double](repeating: 1 / Double(n), count: n) }
        var w = start ?? [Double](repeating: 1 / Double(n), count: n)
        var (v, t) = (w, 1.0)
        let matrix = Matrix(rows: n, columns: n, values: a)
        for _ in 0..<steps {
            let slope = matrix.times(v)
            let next = projected(v.indices.map { v[$0] - (slope[$0] - b[$0]) / bound })
            let after = (1 + (1 + 4 * t * t).squareRoot()) / 2
            for i in 0..<n { v[i] = next[i] + (t - 1) / after * (next[i] - w[i]) }
            (w, t) = (next, after)
        }
        return w
    }

    /// The nearest point of the simplex.
    static func projected(_ v: [Double]) -> [Double] {
        var (sum, threshold) = (0.0, 0.0)
        for (i, x) in v.sorted(by: >).enumerated() {
            sum += x
            let t = (sum - 1) / Double(i + 1)
            if x > t { threshold = t }
        }
        return v.map { max($0 - threshold, 0) }
    }
}
