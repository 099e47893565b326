import Foundation
import Testing
import Tracking

@Suite struct FaceMeasuresTests {
    /// Truth: points of a symmetric face, turned by `facing · Ry(yaw) · Rx(−pitch) · Rz(roll)` and seen from far away.
    @Test(arguments: [
        SIMD3<Double>(0, 0, 0), [0.5, 0, 0], [-0.7, 0, 0], [0, 0.4, 0], [0, -0.3, 0], [0, 0, 0.6], [0, 0, -0.2],
        [0.4, 0.3, -0.2], [-0.6, -0.35, 0.5],
    ])
    func anglesAreThoseOfTheTurn(angles: SIMD3<Double>) {
        // Model space in pixels: the person's left +x, up +y, towards the viewer +z.
        var model = [SIMD3<Double>](repeating: .zero, count: FaceLandmarks.count)
        for (left, right, x, z) in [(263, 33, 50.0, 5.0), (362, 133, 20, 12), (454, 234, 75, -60), (323, 93, 73, -55)] {
            model[left] = [x, 20, z]
            model[right] = [-x, 20, z]
        }
        for (left, right, x, y, z) in [(377, 148, 12.0, -80.0, 8.0), (338, 109, 20, 75, 8)] {
            model[left] = [x, y, z]
            model[right] = [-x, y, z]
        }
        model[152] = [0, -82, 8]
        model[10] = [0, 76, 8]
        let (yaw, pitch, roll) = (angles.x, angles.y, angles.z)
        let turned = model.map { p in
            let a = SIMD3(cos(roll) * p.x - sin(roll) * p.y, sin(roll) * p.x + cos(roll) * p.y, p.z)
            let b = SIMD3(
                a.x, cos(-pitch) * a.y - sin(-pitch) * a.z, sin(-pitch) * a.y + cos(-pitch) * a.z)
            let c = SIMD3(cos(yaw) * b.x + sin(yaw) * b.z, b.y, -sin(yaw) * b.x + cos(yaw) * b.z)
            return SIMD3(c.x, -c.y, -c.z)
        }
        let found = HeadAngles.estimate(
            FaceLandmarks(
                points: turned.map { SIMD2(Float($0.x) + 300, Float($0.y) + 200) }, depth: turned.map { Float($0.z) },
                presence: 1, region: RegionOfInterest(centre: [300, 200], side: 300, rotation: 0)))
        #expect(abs(Double(found.yaw) - yaw) < 1e-4)
        #expect(abs(Double(found.pitch) - pitch) < 1e-4)
        #expect(abs(Double(found.roll) - roll) < 1e-4)
    }

    private static let size = 128

    /// A random picture with detail at all scales (each octave as strong as the other), 0...1, then blurred.
    private static func picture(seed: UInt64, blur: Int = 0) -> [Float] {
        var random = SplitMix(state: seed)
        var picture = [Float](repeating: 0.5, count: size * size)
        for octave in 0..<6 {
            let cells = 2 << octave
            let grid = (0..<(cells + 1) * (cells + 1)).map { _ in Float.random(in: -1...1, using: &random) }
            for y in 0..<size {
                for x in 0..<size {
                    let (u, v) = (Float(x * cells) / Float(size), Float(y * cells) / Float(size))
                    let (i, j) = (Int(u), Int(v))
                    let (a, b) = (u - Float(i), v - Float(j))
                    let at = j * (cells + 1) + i
                    picture[y * size + x] +=
                        0.05
                        * ((grid[at] * (1 - a) + grid[at + 1] * a) * (1 - b)
                            + (grid[at + cells + 1] * (1 - a) + grid[at + cells + 2] * a) * b)
                }
            }
        }
        for _ in 0..<blur {
            var next = picture
            for y in 1..<size - 1 {
                for x in 1..<size - 1 {
                    let at = y * size + x
                    next[at] =
                        (4 * picture[at] + picture[at - 1] + picture[at + 1] + picture[at - size] + picture[at + size])
                        / 8
                }
            }
            picture = next
        }
        return picture
    }

    /// Truth: the same picture, blurred more and more.
    @Test func sharpnessFallsWithBlur() {
        let values = [0, 1, 2, 4, 8].map { FaceQuality.measure(luma: Self.picture(seed: 5, blur: $0)).sharpness }
        for (sharper, softer) in zip(values, values.dropFirst()) { #expect(softer < sharper * 0.95, "\(values)") }
    }

    /// Truth: the same picture, paler and darker.
    @Test func sharpnessIsBlindToContrast() {
        let picture = Self.picture(seed: 6, blur: 1)
        let sharpness = FaceQuality.measure(luma: picture).sharpness
        let pale = FaceQuality.measure(luma: picture.map { 0.2 + 0.4 * $0 }).sharpness
        #expect(abs(pale / sharpness - 1) < 0.05)
    }

    /// Truth: Gaussian noise of known deviation on a blurred picture.
    @Test func noiseIsMeasuredAndNotTakenForDetail() {
        var random = SplitMix(state: 9)
        let soft = Self.picture(seed: 7, blur: 8)
        let sharp = FaceQuality.measure(luma: Self.picture(seed: 7)).sharpness
        let noisy = soft.map { value in
            let (u, v) = (Double.random(in: 1e-9...1, using: &random), Double.random(in: 0...1, using: &random))
            return value + 0.02 * Float((-2 * log(u)).squareRoot() * cos(2 * .pi * v))
        }
        let measures = FaceQuality.measure(luma: noisy)
        #expect(abs(measures.noise / 0.02 - 1) < 0.15, "\(measures.noise)")
        #expect(measures.sharpness < sharp * 0.8, "\(measures.sharpness) against \(sharp) without blur")
    }

    /// Truth: halves of known light.
    @Test func lightIsMeasured() {
        let half = (0..<Self.size * Self.size).map { $0 % Self.size < Self.size / 2 ? Float(0.02) : 0.98 }
        let split = FaceQuality.measure(luma: half)
        #expect(split.evenness < 0.01 && abs(split.exposure - 0.5) < 0.01)
        #expect(abs(split.darkShare - 0.5) < 0.01 && abs(split.brightShare - 0.5) < 0.01)
        let flat = FaceQuality.measure(luma: [Float](repeating: 0.5, count: Self.size * Self.size))
        #expect(flat.evenness > 0.99 && flat.darkShare == 0 && flat.brightShare == 0 && flat.sharpness == 0)
    }
}
