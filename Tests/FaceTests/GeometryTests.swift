import Testing

import Face

@Suite struct GeometryTests {
    @Test(arguments: [(0.3, 0.2, -0.1), (-0.9, 0.5, 0.4), (0, 0, 0)])
    func anglesComeBack(yaw: Double, pitch: Double, roll: Double) {
        let angles = Pose(yaw: yaw, pitch: pitch, roll: roll, translation: [0, 0, 1]).angles
        #expect(abs(angles.yaw - yaw) < 1e-12 && abs(angles.pitch - pitch) < 1e-12 && abs(angles.roll - roll) < 1e-12)
    }

    /// Truth: the definitions of model, camera and image space.
    @Test func positiveYawTurnsTheNoseToTheRightOfThePicture() {
        let camera = Camera(width: 100, height: 100, focal: 100)
        let nose = SIMD3<Double>(0, 0, 0.1)
        let left = camera.project(Pose(yaw: 0.4, pitch: 0, roll: 0, translation: [0, 0, 1]).apply(nose))
        #expect(left.x > 50 && abs(left.y - 50) < 1e-9)
        let up = camera.project(Pose(yaw: 0, pitch: 0.4, roll: 0, translation: [0, 0, 1]).apply(nose))
        #expect(up.y < 50 && abs(up.x - 50) < 1e-9)
        let crown = camera.project(Pose(yaw: 0, pitch: 0, roll: 0.2, translation: [0, 0, 1]).apply([0, 0.1, 0]))
        #expect(crown.y < 50 && crown.x < 50)
        let ownLeft = camera.project(Pose(yaw: 0, pitch: 0, roll: 0, translation: [0, 0, 1]).apply([0.1, 0, 0]))
        #expect(ownLeft.x > 50)
    }
}
