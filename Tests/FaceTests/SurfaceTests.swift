import Face
import Foundation
import Testing

/// Parallax: how patterns are followed, and how they move.
@Suite struct SurfaceTests {
    /// Truth: finite differences of the projection.
    @Test func motionIsTheDerivativeOfTheProjection() throws {
        let pose = Pose(yaw: 0.4, pitch: -0.2, roll: 0.1, translation: [0.02, -0.03, 0.6])
        let (place, focal) = (SIMD3(0.03, 0.02, 0.08), 900.0)
        let (along, down) = (SIMD3(0.001, 0.0001, -0.0004), SIMD3(0.0001, -0.0011, -0.0002))
        let basis = [0.001, 0.003, -0.002, 0.0004, 0.002, -0.001]
        let motion = try #require(
            SurfaceMotion(place: place, along: along, down: down, basis: basis, pose: pose, focal: focal))
        func image(_ p: SIMD3<Double>, _ pose: Pose, _ focal: Double) -> SIMD2<Double> {
            Camera(focal: focal, centre: [0, 0]).project(pose.apply(p))
        }
        let h = 1e-6
        let (u, v) = (
            (image(place + along * h, pose, focal) - image(place, pose, focal)) / h,
            (image(place + down * h, pose, focal) - image(place, pose, focal)) / h
        )
        for j in motion.x.indices {
            var (p, turned, f) = (place, pose, focal)
            switch j {
            case 0..<3:
                var axis = SIMD3<Double>.zero
                axis[j] = h
                turned.rotation = Rotation(vector: axis) * pose.rotation
            case 3..<6: turned.translation[j - 3] += h
            case 6..<8: p += SIMD3(basis[j - 6], basis[j - 4], basis[j - 2]) * h
            default: f *= exp(h)
            }
            let d = (image(p, turned, f) - image(place, pose, focal)) / h
            // d = M · texels
            let texels = u * motion.x[j] + v * motion.y[j]
            #expect(abs(texels.x - d.x) < 1e-3 * (1 + abs(d.x)) && abs(texels.y - d.y) < 1e-3 * (1 + abs(d.y)))
        }
    }

    /// A pattern of waves and spots. Truth: the shift it was drawn with.
    private static func view(shift: SIMD2<Float>, shade: Float = 0, size: Int = 128) -> SurfaceView {
        let logs = (0..<size * size).map { at -> Float? in
            let (x, y) = (Float(at % size) - shift.x, Float(at / size) - shift.y)
            let waves = sin(0.9 * x + 0.3 * y) * cos(0.7 * y - 0.2 * x) + 0.7 * sin(0.35 * x - 0.5 * y)
            return -1.2 + 0.12 * waves + shade * Float(at % size) / Float(size)
        }
        return SurfaceView(size: size, logLuminance: logs, quality: [Float](repeating: 1, count: size * size))
    }

    @Test(arguments: [[0, 0], [1.3, -0.7], [-2.4, 1.9], [0.4, -2.2]]) func shiftsAreFoundUnderAnotherLight(
        shift: [Float]
    ) throws {
        let truth = SIMD2(shift[0], shift[1])
        let (reference, moving) = (Self.view(shift: .zero), Self.view(shift: truth, shade: 0.8))
        var found = 0
        for (x, y) in [(40, 40), (64, 64), (80, 50), (50, 88)] {
            guard let track = SurfaceTracker.shift(from: moving, to: reference, x: x, y: y) else { continue }
            found += 1
            #expect(abs(track.shift.x - Double(truth.x)) < 0.08 && abs(track.shift.y - Double(truth.y)) < 0.08)
            #expect(track.information.x > 0 && track.information.z > 0)
        }
        #expect(found >= 3)
    }

    /// Where there is no pattern nothing must be claimed; along an edge only what lies across it.
    @Test func whatCannotBeToldIsNot() {
        let size = 128
        let plain = SurfaceView(
            size: size, logLuminance: [Float?](repeating: -1, count: size * size),
            quality: [Float](repeating: 1, count: size * size))
        #expect(SurfaceTracker.shift(from: plain, to: plain, x: 64, y: 64) == nil)
        let edge = SurfaceView(
            size: size, logLuminance: (0..<size * size).map { -1 + 0.3 * tanh(Float($0 % size - 64) / 2) },
            quality: [Float](repeating: 1, count: size * size))
        if let track = SurfaceTracker.shift(from: edge, to: edge, x: 64, y: 64) {
            #expect(track.information.z < 1e-2 * track.information.x)
        }
    }
}
