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

    /// The nearest point of the simplex. Elements that are too small are left out until none is (Michelot 1986): a few passes, no
    /// sorting.
    static func projected(_ v: [Double]) -> [Double] {
        var (threshold, count) = ((v.reduce(0, +) - 1) / Double(v.count), v.count)
        while true {
            var (sum, left) = (-1.0, 0)
            for x in v where x > threshold { (sum, left) = (sum + x, left + 1) }
            // The last ones left may differ from the threshold by rounding only.
            guard left < count, left > 0 else { return v.map { max($0 - threshold, 0) } }
            (threshold, count) = (sum / Double(left), left)
        }
    }
}
