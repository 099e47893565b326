package import Tensors

/// Landmark reprojection of one view and its derivatives.
///
/// With X = mean + modes·a + shapes·e, p = R X + t and x = f (p.x, p.y) / p.z + c:
/// ∂x/∂p = f/p.z · [1 0 −p.x/p.z; 0 1 −p.y/p.z],  ∂p/∂ω = −[R X]× (R ← exp(ω) R),  ∂p/∂t = I,
/// ∂p/∂a = R modes,  ∂p/∂e = R shapes,  ∂x/∂log f = x − c.
package struct LandmarkResiduals {
    /// 2L: projected minus observed, pixels.
    package var values: [Double]
    /// 2L × (6 + E): rotation, translation (metres), expression.
    package var view: Matrix
    /// 2L × (K + 1): identity, log focal.
    package var shared: Matrix
    /// L: cosine between the surface's normal and the direction to the camera.
    package var facing: [Double]

    package init(
        model: LandmarkModel, observed: [SIMD2<Double>], camera: Camera, pose: Pose, identity: [Double],
        expression: [Double], derivatives: Bool = true
    ) {
        let places = model.places(identity: identity, expression: expression)
        let (count, k, e) = (places.count, model.modes.columns, model.shapes.columns)
        values = [Double](repeating: 0, count: 2 * count)
        view = Matrix(rows: derivatives ? 2 * count : 0, columns: 6 + e)
        shared = Matrix(rows: derivatives ? 2 * count : 0, columns: k + 1)
        facing = [Double](repeating: 0, count: count)
        for l in 0..<count {
            let turned = pose.rotation.apply(places[l])
            let p = turned + pose.translation
            let z = max(p.z, 1e-3)
            let scale = camera.focal / z
            let x = SIMD2(p.x, p.y) * scale
            let error = x + camera.centre - observed[l]
            values[2 * l] = error.x
            values[2 * l + 1] = error.y
            let normal = pose.rotation.apply(model.normals[l])
            facing[l] = -(normal * p).sum() / max((p * p).sum().squareRoot(), 1e-9)
            guard derivatives else { continue }
            for row in 0..<2 {
                let at = 2 * l + row
                var d = SIMD3<Double>.zero
                d[row] = scale
                d.z = -x[row] / z
                // d · (ω × turned) = (turned × d) · ω
                let spin = cross(turned, d)
                for c in 0..<3 {
                    view[at, c] = spin[c]
                    view[at, 3 + c] = d[c]
                }
                // (dᵀ R) picks the model-space direction along which this coordinate moves.
                let m = pose.rotation.row0 * d.x + pose.rotation.row1 * d.y + pose.rotation.row2 * d.z
                for j in 0..<e {
                    view[at, 6 + j] =
                        m.x * model.shapes[3 * l, j] + m.y * model.shapes[3 * l + 1, j]
                        + m.z * model.shapes[3 * l + 2, j]
                }
                for j in 0..<k {
                    shared[at, j] =
                        m.x * model.modes[3 * l, j] + m.y * model.modes[3 * l + 1, j] + m.z * model.modes[3 * l + 2, j]
                }
                shared[at, k] = x[row]
            }
        }
    }
}
