internal import Foundation

/// Head angles from landmarks with depth, by the axes of the face itself: across the eyes, and down from between the
/// eyes to the chin. Good to some degrees; the fit's pose replaces it where it matters.
package enum HeadAngles {
    /// - Returns: radians, in the convention of `Observation`.
    package static func estimate(_ face: FaceLandmarks) -> (yaw: Float, pitch: Float, roll: Float) {
        func point(_ i: Int) -> SIMD3<Float> { SIMD3(face.points[i].x, face.points[i].y, face.depth[i]) }
        func middle(_ indices: [Int]) -> SIMD3<Float> {
            indices.reduce(.zero) { $0 + point($1) } / Float(indices.count)
        }
        // Camera space: x right, y down, z away. In an unmirrored picture the person's left is on the right.
        let across = unit(middle([263, 362, 454, 323]) - middle([33, 133, 234, 93]))
        let down = middle([152, 148, 377]) - middle([10, 109, 338])
        let y = unit(down - across * (down * across).sum())
        let z = SIMD3(
            across.y * y.z - across.z * y.y, across.z * y.x - across.x * y.z, across.x * y.y - across.y * y.x)
        // Columns across, y, z are Ry·Rx·Rz of the head against facing the camera; forward is −z.
        let yaw = atan2(-z.x, z.z)
        let pitch = asin(min(max(z.y, -1), 1))
        let roll = atan2(-across.y, y.y)
        return (yaw, pitch, roll)
    }

    private static func unit(_ v: SIMD3<Float>) -> SIMD3<Float> { v / max((v * v).sum().squareRoot(), 1e-12) }
}
