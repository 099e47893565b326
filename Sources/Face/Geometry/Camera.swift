internal import Foundation

/// A pinhole projection from camera space (right-handed, metres, x right, y down, z forward) to image space (pixels,
/// origin at the corner of the top-left pixel, y down): `pixel = focal · (x, y) / z + centre`. No lens distortion.
package struct Camera: Sendable, Equatable {
    /// Focal length in pixels, the same in x and y.
    package var focal: Double
    /// Principal point in pixels.
    package var centre: SIMD2<Double>

    package init(focal: Double, centre: SIMD2<Double>) {
        self.focal = focal
        self.centre = centre
    }

    /// A camera for a `width` × `height` picture with its principal point in the middle.
    package init(width: Int, height: Int, focal: Double) {
        self.init(focal: focal, centre: SIMD2(Double(width) / 2, Double(height) / 2))
    }

    /// Image position (pixels) of a point in camera space with z > 0.
    package func project(_ point: SIMD3<Double>) -> SIMD2<Double> {
        SIMD2(point.x, point.y) * (focal / point.z) + centre
    }
}

/// `cameraFromModel`: the rigid motion from model space (metres, +Y up, the face looks along +Z, the person's left is
/// +X) to camera space (metres, x right, y down, z forward).
package struct Pose: Sendable, Equatable {
    package var rotation: Rotation
    /// Metres.
    package var translation: SIMD3<Double>

    package init(rotation: Rotation, translation: SIMD3<Double>) {
        self.rotation = rotation
        self.translation = translation
    }

    package func apply(_ point: SIMD3<Double>) -> SIMD3<Double> { rotation.apply(point) + translation }

    /// The half turn about x between model space (y up, z towards the viewer) and camera space (y down, z away).
    package static let facing = Rotation([1, 0, 0], [0, -1, 0], [0, 0, -1])

    /// Head angles in radians: positive `yaw` turns the face to the person's own left (the right of an unmirrored
    /// picture), positive `pitch` looks up, positive `roll` tilts the head anticlockwise in the picture.
    /// `rotation = facing · Ry(yaw) · Rx(−pitch) · Rz(roll)`.
    package init(yaw: Double, pitch: Double, roll: Double, translation: SIMD3<Double>) {
        let turn = Rotation(vector: [0, yaw, 0]) * Rotation(vector: [-pitch, 0, 0]) * Rotation(vector: [0, 0, roll])
        self.init(rotation: Pose.facing * turn, translation: translation)
    }

    /// The inverse of `init(yaw:pitch:roll:translation:)`, radians; pitch in ±π/2.
    package var angles: (yaw: Double, pitch: Double, roll: Double) {
        let turn = Pose.facing.inverse * rotation
        // turn = Ry(y) Rx(-p) Rz(r): third column is (sin y cos p, sin p, cos y cos p); second row (sin r, cos r)·cos p.
        let pitch = asin(min(max(turn.row1.z, -1), 1))
        return (atan2(turn.row0.z, turn.row2.z), pitch, atan2(turn.row1.x, turn.row1.y))
    }
}
