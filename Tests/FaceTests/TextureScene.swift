import Face
import Foundation
import Tensors

/// A known world for the inverse problem: a head-sized bumpy ball with a nose, a UV chart, a known albedo and known
/// light, drawn by a small supersampling renderer of its own. Truth is the functions below, not the code under test.
struct TextureScene {
    static let columns = 96
    static let rows = 64
    var model: MorphableModel
    /// Albedo symmetric between left and right.
    var symmetric = false
    /// A red ball in front of the person's left cheek (material eyes).
    var occluderCentre: SIMD3<Float>?

    init(occluderCentre: SIMD3<Float>? = nil, symmetric: Bool = false) {
        self.occluderCentre = occluderCentre
        self.symmetric = symmetric
        var points: [SIMD3<Float>] = []
        var pointOfVertex: [UInt32] = []
        var uv: [SIMD2<Float>] = []
        var mirror: [UInt32] = []
        let (m, n) = (Self.columns, Self.rows)
        for row in 0...n {
            for column in 0..<m {
                let longitude = (Float(column) / Float(m) - 0.5) * 2 * .pi
                let latitude = (0.5 - Float(row) / Float(n)) * 2.9
                points.append(Self.surface(longitude, latitude))
                mirror.append(UInt32(row * m + (m - column) % m))
            }
        }
        for row in 0...n {
            for column in 0...m {
                pointOfVertex.append(UInt32(row * m + column % m))
                uv.append(
                    SIMD2(0.02 + 0.96 * Float(column) / Float(m), 0.02 + 0.96 * Float(row) / Float(n)))
            }
        }
        var skin: [UInt32] = []
        for row in 0..<n {
            for column in 0..<m {
                let a = UInt32(row * (m + 1) + column)
                let (b, c, d) = (a + 1, a + UInt32(m) + 1, a + UInt32(m) + 2)
                skin += [a, c, b, b, c, d]
            }
        }
        var eyes: [UInt32] = []
        if let centre = occluderCentre {
            let firstVertex = UInt32(uv.count)
            for row in 0...8 {
                for column in 0..<16 {
                    let (u, v) = (Float(column) / 16 * 2 * .pi, (Float(row) / 8 - 0.5) * .pi)
                    points.append(centre + 0.014 * SIMD3(sin(u) * cos(v), -sin(v), cos(u) * cos(v)))
                    mirror.append(UInt32(points.count - 1))
                    pointOfVertex.append(UInt32(points.count - 1))
                    uv.append(SIMD2(Float(column) / 16, Float(row) / 8))
                }
            }

            for row in 0..<8 {
                for column in 0..<16 {
                    let a = firstVertex + UInt32(row * 16 + column)
                    let b = firstVertex + UInt32(row * 16 + (column + 1) % 16)
                    eyes += [a, a + 16, b, b, a + 16, b + 16]
                }
            }
        }
        let topology = Topology(
            pointCount: points.count, pointOfVertex: pointOfVertex, uv: uv,
            parts: [
                .init(material: .skin, triangles: skin), .init(material: .eyes, triangles: eyes),
                .init(material: .teeth, triangles: []), .init(material: .tongue, triangles: []),
                .init(material: .lashes, triangles: []),
            ], mirrorOfPoint: mirror)
        model = MorphableModel(
            topology: topology, mean: points, identityModes: [], expressions: [], landmarks: [])
    }

    private static func surface(_ longitude: Float, _ latitude: Float) -> SIMD3<Float> {
        let d = SIMD3(sin(longitude) * cos(latitude), sin(latitude), cos(longitude) * cos(latitude))
        let nose = exp(-(longitude * longitude) / 0.03 - (latitude + 0.05) * (latitude + 0.05) / 0.06)
        return d * SIMD3(0.08, 0.11, 0.09) * (1 + 0.16 * nose)
    }

    /// Skin at a texture coordinate: a low-frequency blush, freckles of 2 to 6 mm, darker lips.
    func albedo(_ uv: SIMD2<Float>) -> SIMD3<Float> {
        let u = symmetric ? 0.5 + abs(uv.x - 0.5) : uv.x
        let v = uv.y
        let blush = exp(-((u - 0.62) * (u - 0.62) + (v - 0.55) * (v - 0.55)) / 0.006)
        let freckle = sin(u * 251) * sin(v * 167) + 0.6 * sin(u * 97 + 3 * v) * sin(v * 131 + 2)
        let lips = exp(-((uv.x - 0.5) * (uv.x - 0.5)) / 0.001 - (v - 0.72) * (v - 0.72) / 0.0002)
        var colour = SIMD3<Float>(0.40, 0.235, 0.165) * (1 + 0.13 * freckle)
        colour *= SIMD3(1, 1 - 0.15 * blush, 1 - 0.2 * blush)
        return colour * (1 - lips * SIMD3<Float>(0.3, 0.6, 0.55))
    }

    /// A warm lamp from the side (camera space) over a dim bluish ambient.
    static func light(side: Float) -> Illumination {
        var c = [SIMD4<Float>](repeating: .zero, count: 9)
        c[0] = SIMD4(0.62, 0.64, 0.70, 0)
        c[1] = SIMD4(0.36, 0.30, 0.24, 0) * side
        c[2] = SIMD4(-0.10, -0.10, -0.12, 0)
        c[3] = SIMD4(-0.18, -0.17, -0.16, 0)
        c[8] = SIMD4(0.03, 0.03, 0.03, 0)
        return Illumination(coefficients: c)
    }

    static func pose(yaw: Double, shift: SIMD2<Double> = .zero) -> Pose {
        Pose(yaw: yaw, pitch: 0, roll: 0, translation: [shift.x, shift.y, 0.7])
    }

    static let focal = 900.0
    static let crop = 320

    /// The picture of the head: 3 × 3 samples a pixel, optionally box-blurred, sRGB-coded.
    func keyframe(
        frame: Int, pose: Pose, light: Illumination, blur: Int = 0, sharpness: Double = 1
    ) -> Keyframe {
        let (size, over) = (Self.crop, 3)
        let camera = Camera(width: size * over, height: size * over, focal: Self.focal * Double(over))
        let positions = model.mean.map { p -> SIMD3<Float> in
            let c = pose.apply(SIMD3<Double>(p))
            let i = camera.project(c)
            return SIMD3(Float(i.x), Float(i.y), Float(c.z))
        }
        let topology = model.topology
        let normals = topology.normals(points: model.mean).map {
            SIMD3<Float>(pose.rotation.apply(SIMD3<Double>($0)))
        }
        let triangles = topology.parts[0].triangles + topology.parts[1].triangles
        let skinCount = topology.parts[0].triangles.count / 3
        let drawn = Rasterizer.draw(
            positions: topology.pointOfVertex.map { positions[Int($0)] }, triangles: triangles, width: size * over,
            height: size * over)
        var sums = [SIMD3<Float>](repeating: .zero, count: size * size)
        for y in 0..<size * over {
            for x in 0..<size * over {
                let at = y * size * over + x
                let t = Int(drawn.triangle[at])
                var colour = SIMD3<Float>(0.05, 0.3, 0.08)
                if t >= skinCount {
                    colour = SIMD3(0.8, 0.02, 0.02)
                } else if t >= 0 {
                    let w = drawn.weights[at]
                    let v = (0..<3).map { Int(triangles[3 * t + $0]) }
                    let parts = [1 - w.x - w.y, w.x, w.y]
                    var (place, normal) = (SIMD2<Float>.zero, SIMD3<Float>.zero)
                    for k in 0..<3 {
                        place += topology.uv[v[k]] * parts[k]
                        normal += normals[Int(topology.pointOfVertex[v[k]])] * parts[k]
                    }
                    normal /= (normal * normal).sum().squareRoot()
                    let shade = light.shading(normal)
                    let own = albedo(place)
                    colour = SIMD3(own.x * shade.x, own.y * shade.y, own.z * shade.z)
                }
                sums[(y / over) * size + x / over] += colour / Float(over * over)
            }
        }
        if blur > 0 {
            let source = sums
            for y in 0..<size {
                for x in 0..<size {
                    var sum = SIMD3<Float>.zero
                    var count: Float = 0
                    for v in max(y - blur, 0)...min(y + blur, size - 1) {
                        for u in max(x - blur, 0)...min(x + blur, size - 1) {
                            sum += source[v * size + u]
                            count += 1
                        }
                    }
                    sums[y * size + x] = sum / count
                }
            }
        }
        let bytes = sums.flatMap { [SRGB.code($0.x), SRGB.code($0.y), SRGB.code($0.z)] }
        return Keyframe(
            frame: frame, time: Double(frame) / 30, imageWidth: size, imageHeight: size, landmarks: [],
            crop: Image(width: size, height: size, channels: 3, bytes: bytes), cropOrigin: SIMD2(0, 0),
            sharpness: sharpness, score: 1)
    }
}

/// Peak signal-to-noise ratio in dB of sRGB-coded colours over chosen texels, after the one gain a channel that no
/// method can know (albedo against exposure).
func albedoPSNR(_ values: (Int) -> SIMD3<Float>?, truth: (Int) -> SIMD3<Float>, texels: [Int]) -> Double {
    var (own, real) = (SIMD3<Double>.zero, SIMD3<Double>.zero)
    let used = texels.filter { values($0) != nil }
    for t in used {
        own += SIMD3<Double>(values(t)!)
        real += SIMD3<Double>(truth(t))
    }
    let gain = SIMD3<Float>(real / own)
    var error = 0.0
    for t in used {
        let (a, b) = (values(t)! * gain, truth(t))
        for c in 0..<3 {
            let d = Double(SRGB.encode(a[c]) - SRGB.encode(b[c]))
            error += d * d
        }
    }
    return -10 * log10(error / Double(3 * used.count))
}
