import Foundation
import Tensors
import Testing

import Face

/// Truth: eyes drawn here with known colours under a known lamp.
@Suite struct EyeTextureTests {
    /// Two open eyes, 40 pixels wide, irises looking a little aside, a highlight, dark lid edges, a warm dim lamp.
    private func keyframe(iris: SIMD3<Float>, lamp: SIMD3<Float>) -> Keyframe {
        let size = 160
        var landmarks = [SIMD2<Float>](repeating: .zero, count: 468)
        // MediaPipe's eye contours from its first corner around, as an ellipse.
        let rings = [
            ([33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246], SIMD2<Float>(45, 80)),
            ([362, 382, 381, 380, 374, 373, 390, 249, 263, 466, 388, 387, 386, 385, 384, 398], SIMD2<Float>(115, 80)),
        ]
        for (ring, centre) in rings {
            for (k, number) in ring.enumerated() {
                let angle = Float.pi + Float(k) / 16 * 2 * .pi
                landmarks[number] = centre + SIMD2(20 * cos(angle), -9 * sin(angle))
            }
        }
        var image = Image(width: size, height: size, channels: 3)
        for y in 0..<size {
            for x in 0..<size {
                let p = SIMD2(Float(x) + 0.5, Float(y) + 0.5)
                var albedo = SIMD3<Float>(0.4, 0.24, 0.17)
                for (_, centre) in rings {
                    let d = p - centre
                    let inside = (d.x / 20) * (d.x / 20) + (d.y / 9) * (d.y / 9)
                    guard inside < 1 else { continue }
                    let gaze = p - centre - SIMD2(3, 0)
                    let r = (gaze * gaze).sum().squareRoot() / 7.8
                    albedo = r < 0.35 ? SIMD3(repeating: 0.004) : r < 1 ? iris : SIMD3(0.66, 0.60, 0.56)
                    if ((gaze - SIMD2(2, -3)) * (gaze - SIMD2(2, -3))).sum() < 3 { albedo = SIMD3(repeating: 1.5) }
                    if inside > 0.93 { albedo = SIMD3(repeating: 0.02) }
                }
                let c = albedo * lamp
                for k in 0..<3 { image.bytes[3 * (y * size + x) + k] = SRGB.code(c[k]) }
            }
        }
        return Keyframe(
            frame: 0, time: 0, imageWidth: size, imageHeight: size, landmarks: landmarks, crop: image,
            cropOrigin: SIMD2(0, 0), sharpness: 1, score: 1)
    }

    @Test(arguments: [SIMD3<Float>(0.05, 0.11, 0.2), SIMD3(0.06, 0.03, 0.012), SIMD3(0.09, 0.1, 0.04)])
    func coloursAndPlaceComeBack(iris: SIMD3<Float>) throws {
        let lamp = SIMD3<Float>(0.7, 0.55, 0.4)
        let view = keyframe(iris: iris, lamp: lamp)
        let eyes = EyeMeasurement.Side.allCases.compactMap { EyeMeasurement(view, side: $0) }
        #expect(eyes.count == 2)
        for eye in eyes {
            // The irises are drawn 3 pixels beside the middle of their lids.
            let centre = SIMD2<Float>(eye.side == .left ? 118 : 48, 80)
            let off = eye.irisCentre - centre
            #expect((off * off).sum().squareRoot() < 2.5, "\(eye.irisCentre) for \(centre)")
        }
        let found = try #require(EyeColours(eyes, light: [0: lamp]))
        for c in 0..<3 {
            // 8-bit codes of a dark lamp.
            #expect(abs(found.iris[c] - iris[c]) < 0.15 * iris[c] + 0.003, "\(found) for \(iris)")
            // Brighter than any white beside skin: held to the range of people's.
            #expect(found.white[c] > 0.4 && found.white[c] < 0.67)
        }
        #expect(EyeColours(eyes, light: [:]) == nil)
    }

    @Test func closedOrTinyEyesAreNotMeasured() {
        var closed = keyframe(iris: [0.1, 0.1, 0.1], lamp: [1, 1, 1])
        for i in closed.landmarks.indices { closed.landmarks[i].y = 80 + (closed.landmarks[i].y - 80) * 0.15 }
        #expect(EyeMeasurement(closed, side: .left) == nil && EyeMeasurement(closed, side: .right) == nil)
    }

    /// Truth: anatomy (pupil on the axis, iris 11.8 mm across, white beyond) on a ball of known place.
    @Test func eyesHavePupilIrisAndWhite() {
        let scene = TextureScene(occluderCentre: [0.035, 0.02, 0.09])
        let iris = SIMD3<Float>(0.05, 0.11, 0.2)
        let image = EyeTexture.image(
            model: scene.model, colours: EyeColours(iris: iris, white: SIMD3(0.5, 0.45, 0.42)), size: 256)
        let map = TexelMap(topology: scene.model.topology, material: .eyes, size: 256)
        var sums = [SIMD3<Float>](repeating: .zero, count: 3)
        var counts = [Float](repeating: 0, count: 3)
        for i in map.texels.indices {
            let (corner, w) = (map.corners[i], map.weights[i])
            let a = scene.model.mean[Int(corner.x)]
            let p = a + (scene.model.mean[Int(corner.y)] - a) * w.x + (scene.model.mean[Int(corner.z)] - a) * w.y
            let d = p - SIMD3(0.035, 0.02, 0.09)
            let r = (d.x * d.x + d.y * d.y).squareRoot() / 0.0059
            let zone = d.z < 0 ? 2 : r < 0.25 ? 0 : (0.6...0.75).contains(r) ? 1 : r > 1.2 ? 2 : -1
            guard zone >= 0 else { continue }
            let at = 3 * Int(map.texels[i])
            sums[zone] += SIMD3((0..<3).map { SRGB.linear[Int(image.bytes[at + $0])] })
            counts[zone] += 1
        }
        let (pupil, ring, white) = (sums[0] / counts[0], sums[1] / counts[1], sums[2] / counts[2])
        // The upper lid's shadow lies on the upper half.
        #expect(pupil.max() < 0.01 && white.min() > 0.25)
        for c in 0..<3 { #expect(abs(ring[c] / iris[c] - 1) < 0.4, "\(ring)") }
    }
}
