internal import Foundation
internal import Tensors

/// How contrasty skin is, region by region and band by band (see `BandEnergy`), as the database's faces have it together: a
/// normal distribution of logarithms, so that what some regions show tells of the others and of finer bands.
struct FaceContrast: Sendable {
    /// By band, then region: natural logarithm of the energy.
    private let means: [Double]
    private let deviations: [Double]
    private let covariance: Matrix

    /// Measured logarithms are wrong by about this much (standard deviation), however large the region.
    private static let error = 0.2
    /// Octaves that are resolved less say nothing.
    private static let clear = 0.05
    /// And by about this much more where the octave is hardly resolved.
    private static let blur = 0.3
    /// A region of so many texels is wrong by as much again.
    private static let texels = 500.0
    /// What is so many deviations stronger than skin is hair, a frame of glasses or a shadow, and says nothing; what is weaker by
    /// more is compression, and counts as no more than that.
    private static let most = 2.0
    /// The same where beards grow, which the database's faces have as well.
    private static let mostOfBeards = 3.0
    /// So many deviations more than the next finer band a coarse one may stand out by.
    private static let coarser = 0.4
    /// What the covariance of a hundred faces is believed of, the rest being taken as independent (Ledoit and Wolf 2004).
    private static let believed = 0.9

    init(_ database: FaceDatabase) {
        let rows = database.energies.map { $0.map { $0 > 0 ? log(Double($0)) : nil } }
        means = rows.map { row in
            let known = row.compactMap { $0 }
            return known.isEmpty ? 0 : known.reduce(0, +) / Double(known.count)
        }
        let centred = zip(rows, means).map { row, mean in row.map { $0.map { $0 - mean } } }
        var covariance = Matrix(rows: rows.count, columns: rows.count)
        for a in rows.indices {
            for b in 0...a {
                let both = zip(centred[a], centred[b]).compactMap { x, y in x.flatMap { x in y.map { x * $0 } } }
                let value = both.count > 2 ? both.reduce(0, +) / Double(both.count) : 0
                covariance[a, b] = value * (a == b ? 1 : Self.believed)
                covariance[b, a] = covariance[a, b]
            }
        }
        deviations = rows.indices.map { max(covariance[$0, $0], 0).squareRoot() }
        self.covariance = covariance
    }

    /// - Parameter resolved: see `DetailPyramid.resolved`.
    /// - Returns: by band, then region: expected natural logarithm of the energy, given what was seen.
    func expected(given seen: DetailStatistics, resolved: [Float]?) -> [Double] {
        let clear = (0...seen.octaves).map { Double(resolved?[min($0, seen.octaves - 1)] ?? 1) }
        let regions = DetailRegions.count
        var observed: [(index: Int, departure: Double, noise: Double)] = []
        for k in means.indices where deviations[k] > 0 && clear[k / regions] > Self.clear {
            guard let energy = seen.logEnergy(band: k / regions, region: k % regions) else { continue }
            let departure = (energy - means[k]) / deviations[k]
            let most = DetailRegions.bearded.contains(k % regions) ? Self.mostOfBeards : Self.most
            guard departure < most else { continue }
            let blur = Self.blur * (1 - clear[k / regions])
            observed.append(
                (
                    k, max(departure, -Self.most) * deviations[k],
                    Self.error * Self.error * (1 + Self.texels / seen.bands[k].weight) + blur * blur
                ))
        }
        return expected(given: observed)
    }

    private func expected(given observed: [(index: Int, departure: Double, noise: Double)]) -> [Double] {
        guard !observed.isEmpty else { return means }
        var among = Matrix(rows: observed.count, columns: observed.count)
        for (r, a) in observed.enumerated() {
            for (c, b) in observed.enumerated() {
                among[r, c] = covariance[a.index, b.index] + (r == c ? a.noise : 0)
            }
        }
        // Pairwise counts need not give a positive definite matrix: more noise until it is.
        var solved = among.choleskySolve(observed.map(\.departure))
        while solved == nil {
            for r in observed.indices { among[r, r] *= 1.5 }
            solved = among.choleskySolve(observed.map(\.departure))
        }
        var departures = means.indices.map { k in
            zip(observed, solved!).reduce(0) { $0 + covariance[k, $1.0.index] * $1.1 }
        }
        // Coarse structure without the fine one that goes with it is light, a fold or a soft picture: spread over skin that
        // nobody saw it would look like scars.
        let regions = DetailRegions.count
        for k in regions..<max(means.count, regions) where deviations[k - regions] > 0 {
            let finer = departures[k - regions] / deviations[k - regions]
            departures[k] = min(departures[k], (finer + Self.coarser) * deviations[k])
        }
        return zip(means, departures).map { $0 + $1 }
    }

    /// Sum of the mean squares of the maps of a square of mean correlations.
    static func energy<V: BinaryFloatingPoint>(_ square: [V], side: Int) -> Double {
        (0..<side - 1).reduce(0) { $0 + Double(square[$1 * side + $1]) }
    }

    /// The same of pictures whose contrast is so many times as strong.
    static func scaled<V: BinaryFloatingPoint>(_ square: [V], side: Int, by contrast: V) -> [V] {
        var result = square
        for r in 0..<side {
            for c in 0..<side { result[r * side + c] *= (r < side - 1 ? contrast : 1) * (c < side - 1 ? contrast : 1) }
        }
        return result
    }
}
