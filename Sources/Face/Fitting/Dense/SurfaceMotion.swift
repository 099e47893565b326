/// How a place of the surface moves in a view's picture, told in texels of the atlas as that view sees them: M⁻¹ ∂x, with
/// x the place's image and M = ∂x/∂texel.
package struct SurfaceMotion {
    /// By `[rotation 3, translation 3 (metres), C coefficients, log focal]`: texels along x and y.
    package let x: [Double]
    package let y: [Double]

    /// `nil` where the view sees the surface edge-on.
    /// - Parameters:
    ///   - place: in model space, metres.
    ///   - along, down: the surface's step per texel to the right and down, metres.
    ///   - basis: 3 × C, metres: how the place moves by each coefficient.
    ///   - focal: pixels.
    package init?(
        place: SIMD3<Double>, along: SIMD3<Double>, down: SIMD3<Double>, basis: [Double], pose: Pose, focal: Double
    ) {
        let turned = pose.rotation.apply(place)
        let p = turned + pose.translation
        let scale = focal / max(p.z, 0.05)
        let image = SIMD2(p.x, p.y) * scale
        func moved(_ d: SIMD3<Double>) -> SIMD2<Double> {
            SIMD2(scale * d.x - image.x / p.z * d.z, scale * d.y - image.y / p.z * d.z)
        }
        let (mu, mv) = (moved(pose.rotation.apply(along)), moved(pose.rotation.apply(down)))
        let determinant = mu.x * mv.y - mu.y * mv.x
        guard abs(determinant) > 1e-6 else { return nil }
        func texels(_ d: SIMD2<Double>) -> SIMD2<Double> {
            SIMD2(mv.y * d.x - mv.x * d.y, mu.x * d.y - mu.y * d.x) / determinant
        }
        let count = basis.count / 3
        var (rowX, rowY) = ([Double](repeating: 0, count: 7 + count), [Double](repeating: 0, count: 7 + count))
        func set(_ j: Int, _ d: SIMD2<Double>) {
            let t = texels(d)
            rowX[j] = t.x
            rowY[j] = t.y
        }
        for axis in 0..<3 {
            var unit = SIMD3<Double>.zero
            unit[axis] = 1
            set(axis, moved(cross(unit, turned)))
            set(3 + axis, moved(unit))
        }
        // Texels by metres along the head's own axes.
        let r = pose.rotation
        let byX = texels(moved([r.row0.x, r.row1.x, r.row2.x]))
        let byY = texels(moved([r.row0.y, r.row1.y, r.row2.y]))
        let byZ = texels(moved([r.row0.z, r.row1.z, r.row2.z]))
        for j in 0..<count {
            let d = SIMD3(basis[j], basis[count + j], basis[2 * count + j])
            rowX[6 + j] = byX.x * d.x + byY.x * d.y + byZ.x * d.z
            rowY[6 + j] = byX.y * d.x + byY.y * d.y + byZ.y * d.z
        }
        set(6 + count, image)
        x = rowX
        y = rowY
    }
}
