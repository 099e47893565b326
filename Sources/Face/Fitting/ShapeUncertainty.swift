internal import Foundation
package import Tensors

/// How far a fitted head may be from the true one, told at places of its face. One camera cannot see how large a head is
/// and where its middle lies: both are taken out of the shape's deviation.
package struct ShapeUncertainty: Sendable {
    /// Numbers of the points that it is told at.
    private let points: [Int]
    /// 3P × K: the identity modes there (metres per standard deviation) less the rigid motion and growth in them.
    private let modes: Matrix
    /// P unit normals.
    private let normals: [SIMD3<Double>]

    /// - Parameters:
    ///   - regions: of `model`.
    ///   - count: about how many points of the visible face to use.
    package init(model: MorphableModel, regions: HeadRegions, count: Int = 400) {
        let all = model.mean.indices.filter { regions.insideFace[$0] > 0 && regions.interior[$0] == .none }
        let every = max(all.count / count, 1)
        let points = stride(from: 0, to: all.count, by: every).map { all[$0] }
        self.points = points
        let normal = model.topology.normals(points: model.mean)
        normals = points.map { SIMD3<Double>(normal[$0]) }
        let k = model.identityCount
        let row = 3 * model.mean.count
        var modes = Matrix(rows: 3 * points.count, columns: k)
        for (i, g) in points.enumerated() {
            for c in 0..<3 {
                for j in 0..<k { modes[3 * i + c, j] = Double(model.identityModes[j * row + 3 * g + c]) }
            }
        }
        let places = points.map { SIMD3<Double>(model.mean[$0]) }
        let middle = places.reduce(.zero, +) / Double(max(places.count, 1))
        // Translation, rotation, growth, orthonormalized one after the other.
        var basis: [[Double]] = []
        for kind in 0..<7 {
            var v = places.flatMap { p -> [Double] in
                let arm = p - middle
                var unit = SIMD3<Double>.zero
                if kind < 6 { unit[kind % 3] = 1 }
                let d = kind < 3 ? unit : kind < 6 ? cross(unit, arm) : arm
                return [d.x, d.y, d.z]
            }
            for b in basis {
                let share = zip(v, b).reduce(0) { $0 + $1.0 * $1.1 }
                for i in v.indices { v[i] -= share * b[i] }
            }
            let length = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
            basis.append(v.map { $0 / max(length, 1e-12) })
        }
        for b in basis {
            let shares = modes.times(b, transposed: true)
            for i in b.indices { for j in 0..<k { modes[i, j] -= b[i] * shares[j] } }
        }
        self.modes = modes
    }

    /// Biases of landmarks and patterns are no noise, and the equations do not know them: on heads of another model family
    /// the equations' own deviations had to be so much larger to cover the errors (`likenessd bench heads`).
    static let systematic = 1.6
    /// Of adults' heads (distance of the pupils 5.7 %, Dodgson 2004; head breadth 4.3 %, ANSUR II), as a share: a head is held
    /// to the mean size, and no picture says more.
    static let sizeDeviation = 0.045

    /// - Parameter covariance: K × K, of the identity coefficients.
    package func of(_ covariance: Matrix) -> ShapeDeviation {
        var along = Matrix(rows: points.count, columns: modes.columns)
        for (i, n) in normals.enumerated() {
            for j in 0..<modes.columns {
                along[i, j] = n.x * modes[3 * i, j] + n.y * modes[3 * i + 1, j] + n.z * modes[3 * i + 2, j]
            }
        }
        let spread = along.times(covariance)
        let own = points.indices.map { i in
            let variance = (0..<modes.columns).reduce(0.0) { $0 + spread[i, $1] * along[i, $1] }
            return Self.systematic * max(variance, 0).squareRoot() * 1000
        }
        return ShapeDeviation(
            surface: (own.reduce(0) { $0 + $1 * $1 } / Double(max(own.count, 1))).squareRoot(),
            size: Self.sizeDeviation,
            coefficients: (0..<covariance.rows).map { Self.systematic * max(covariance[$0, $0], 0).squareRoot() },
            points: points, atPoints: own)
    }
}

/// Posterior standard deviations of a fitted head.
package struct ShapeDeviation: Sendable {
    /// Of the face's surface along its normal, root mean square, millimetres; size and place left free.
    package var surface: Double
    /// Of the head's size, as a share of it.
    package var size: Double
    /// K: of the identity coefficients.
    package var coefficients: [Double]
    /// Numbers of some of the face's points, and the surface's deviation at them, millimetres.
    package var points: [Int]
    package var atPoints: [Double]

    package init(surface: Double, size: Double, coefficients: [Double], points: [Int], atPoints: [Double]) {
        self.surface = surface
        self.size = size
        self.coefficients = coefficients
        self.points = points
        self.atPoints = atPoints
    }

    /// Nothing is known.
    package static let unknown = ShapeDeviation(
        surface: .infinity, size: .infinity, coefficients: [], points: [], atPoints: [])
}
