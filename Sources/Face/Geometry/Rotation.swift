internal import Foundation

/// A rotation in 3-D, as the rows of its matrix: `rotated = matrix · vector`.
package struct Rotation: Sendable, Equatable {
    package var row0: SIMD3<Double>
    package var row1: SIMD3<Double>
    package var row2: SIMD3<Double>

    package init(_ row0: SIMD3<Double>, _ row1: SIMD3<Double>, _ row2: SIMD3<Double>) {
        self.row0 = row0
        self.row1 = row1
        self.row2 = row2
    }

    package static let identity = Rotation([1, 0, 0], [0, 1, 0], [0, 0, 1])

    /// From a rotation vector (axis × angle, radians): Rodrigues' formula.
    package init(vector: SIMD3<Double>) {
        let angle = (vector * vector).sum().squareRoot()
        let (x, y, z) = (vector.x, vector.y, vector.z)
        let a = angle < 1e-8 ? 1 : sin(angle) / angle
        let b = angle < 1e-8 ? 0.5 : (1 - cos(angle)) / (angle * angle)
        self.init(
            [1 - b * (y * y + z * z), b * x * y - a * z, b * x * z + a * y],
            [b * x * y + a * z, 1 - b * (x * x + z * z), b * y * z - a * x],
            [b * x * z - a * y, b * y * z + a * x, 1 - b * (x * x + y * y)])
    }

    package func apply(_ v: SIMD3<Double>) -> SIMD3<Double> {
        SIMD3((row0 * v).sum(), (row1 * v).sum(), (row2 * v).sum())
    }

    /// The unit quaternion (x, y, z, w), w ≥ 0 (Shepperd 1978).
    package var quaternion: SIMD4<Double> {
        let (xx, yy, zz) = (row0.x, row1.y, row2.z)
        let squares = SIMD4(1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz, 1 + xx + yy + zz)
        let (a, b, c) = (row2.y - row1.z, row0.z - row2.x, row1.x - row0.y)
        let (d, e, f) = (row0.y + row1.x, row0.z + row2.x, row1.z + row2.y)
        let q: SIMD4<Double>
        switch (0..<4).max(by: { squares[$0] < squares[$1] })! {
        case 0: q = SIMD4(squares.x, d, e, a)
        case 1: q = SIMD4(d, squares.y, f, b)
        case 2: q = SIMD4(e, f, squares.z, c)
        default: q = SIMD4(a, b, c, squares.w)
        }
        let unit = q / (q * q).sum().squareRoot()
        return unit.w < 0 ? -unit : unit
    }

    package var inverse: Rotation {
        Rotation([row0.x, row1.x, row2.x], [row0.y, row1.y, row2.y], [row0.z, row1.z, row2.z])
    }

    /// `(self · other).apply(v) == self.apply(other.apply(v))`.
    package static func * (left: Rotation, right: Rotation) -> Rotation {
        let columns = right.inverse
        return Rotation(columns.apply(left.row0), columns.apply(left.row1), columns.apply(left.row2))
    }
}
