package import Tensors

/// Landmark reprojection of one view and its derivatives.
///
/// With X = mean + basis · (expression, identity), p = R X + t and x = f (p.x, p.y) / p.z + c:
/// ∂x/∂p = f/p.z · [1 0 −p.x/p.z; 0 1 −p.y/p.z],  ∂p/∂ω = −[R X]× (R ← exp(ω) R),  ∂p/∂t = I,
/// ∂p/∂coefficients = R basis,  ∂x/∂log f = x − c.
package struct LandmarkResiduals {
    package let model: LandmarkModel
    package let camera: Camera
    package let pose: Pose
    /// L places in model space, metres.
    package let places: [SIMD3<Double>]
    /// 2L: projected minus observed, pixels.
    package let values: [Double]
    /// L: cosine between the surface's normal and the direction to the camera.
    package let facing: [Double]

    /// - Parameter observed: L points in image space, pixels.
    package init(
        model: LandmarkModel, observed: [SIMD2<Double>], camera: Camera, pose: Pose, places: [SIMD3<Double>]
    ) {
        precondition(observed.count == places.count && places.count == model.mean.count)
        self.model = model
        self.camera = camera
        self.pose = pose
        self.places = places
        var values = [Double](repeating: 0, count: 2 * places.count)
        var facing = [Double](repeating: 0, count: places.count)
        for l in places.indices {
            let p = pose.apply(places[l])
            let error = SIMD2(p.x, p.y) * (camera.focal / max(p.z, Self.near)) + camera.centre - observed[l]
            values[2 * l] = error.x
            values[2 * l + 1] = error.y
            let normal = pose.rotation.apply(model.normals[l])
            facing[l] = -(normal * p).sum() / max((p * p).sum().squareRoot(), 1e-9)
        }
        self.values = values
        self.facing = facing
    }

    /// Nothing is projected from nearer, metres.
    private static let near = 1e-3

    /// Root mean square over the landmarks that face the camera, pixels.
    package var rootMeanSquare: Double {
        let seen = facing.indices.filter { facing[$0] > 0.2 }
        let sum = seen.reduce(0) { $0 + values[2 * $1] * values[2 * $1] + values[2 * $1 + 1] * values[2 * $1 + 1] }
        return (sum / Double(max(seen.count, 1))).squareRoot()
    }

    /// 2L × (6 + E + K + 1 + 1) rows `[rotation, translation (metres), expression, identity, log focal | value]`, or,
    /// with a `sharedFixed` identity and focal length, 2L × (6 + E + 1); each row times the root of its weight.
    /// - Parameter weights: L, one per landmark.
    package func rows(weights: [Double], sharedFixed: Bool = false) -> Matrix {
        let coefficients = sharedFixed ? model.expressions.count : model.basis.columns
        let width = 6 + coefficients + (sharedFixed ? 1 : 2)
        var result = Matrix(rows: values.count, columns: width)
        let stride = model.basis.columns
        result.values.withUnsafeMutableBufferPointer { out in
            model.basis.values.withUnsafeBufferPointer { basis in
                for l in places.indices {
                    let turned = pose.rotation.apply(places[l])
                    let p = turned + pose.translation
                    let weight = weights[l].squareRoot()
                    let scale = camera.focal / max(p.z, Self.near)
                    let x = SIMD2(p.x, p.y) * scale
                    for row in 0..<2 {
                        let start = (2 * l + row) * width
                        var d = SIMD3<Double>.zero
                        d[row] = scale
                        d.z = -x[row] / max(p.z, Self.near)
                        d *= weight
                        // d · (ω × turned) = (turned × d) · ω
                        let spin = cross(turned, d)
                        for c in 0..<3 {
                            out[start + c] = spin[c]
                            out[start + 3 + c] = d[c]
                        }
                        // (dᵀ R) picks the model-space direction along which this coordinate moves.
                        let m = pose.rotation.row0 * d.x + pose.rotation.row1 * d.y + pose.rotation.row2 * d.z
                        let (a, b, c) = (3 * l * stride, (3 * l + 1) * stride, (3 * l + 2) * stride)
                        for j in 0..<coefficients {
                            out[start + 6 + j] = m.x * basis[a + j] + m.y * basis[b + j] + m.z * basis[c + j]
                        }
                        if !sharedFixed { out[start + width - 2] = x[row] * weight }
                        out[start + width - 1] = values[2 * l + row] * weight
                    }
                }
            }
        }
        return result
    }
}
