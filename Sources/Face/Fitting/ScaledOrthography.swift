internal import Tensors

/// A first pose without any guess: the scaled orthographic camera of least squares through 3-D places and their image
/// points (the linear step of DeMenthon and Davis, "Model-Based Object Pose in 25 Lines of Code", 1995).
enum ScaledOrthography {
    /// - Parameters:
    ///   - places: model space, metres.
    ///   - points: image space, pixels.
    ///   - weights: of each, ≥ 0.
    /// - Returns: `nil` when the places do not span space.
    static func pose(
        places: [SIMD3<Double>], points: [SIMD2<Double>], weights: [Double], camera: Camera
    ) -> Pose? {
        // x = A (X, 1): two rows of four.
        var normal = Matrix(rows: 4, columns: 4)
        var right = Matrix(rows: 4, columns: 2)
        for i in places.indices {
            let row = [places[i].x, places[i].y, places[i].z, 0.1]
            for r in 0..<4 {
                for c in 0..<4 { normal[r, c] += weights[i] * row[r] * row[c] }
                right[r, 0] += weights[i] * row[r] * points[i].x
                right[r, 1] += weights[i] * row[r] * points[i].y
            }
        }
        guard let solution = normal.choleskySolve(right) else { return nil }
        let a = SIMD3(solution[0, 0], solution[1, 0], solution[2, 0])
        let b = SIMD3(solution[0, 1], solution[1, 1], solution[2, 1])
        let (lengthA, lengthB) = ((a * a).sum().squareRoot(), (b * b).sum().squareRoot())
        let scale = (lengthA + lengthB) / 2
        guard scale > 1e-6 else { return nil }
        // The nearest orthonormal pair, evenly: turn both by half of what they lack.
        let (u, v) = (a / max(lengthA, 1e-9), b / max(lengthB, 1e-9))
        let dot = (u * v).sum()
        let x = unit(u - v * (dot / 2))
        let y = unit(v - x * (v * x).sum())
        let z = cross(x, y)
        let depth = camera.focal / scale
        let offset = SIMD2(solution[3, 0], solution[3, 1]) * 0.1 - camera.centre
        return Pose(
            rotation: Rotation(x, y, z),
            translation: SIMD3(offset.x * depth / camera.focal, offset.y * depth / camera.focal, depth))
    }

    private static func unit(_ v: SIMD3<Double>) -> SIMD3<Double> { v / max((v * v).sum().squareRoot(), 1e-12) }
}
