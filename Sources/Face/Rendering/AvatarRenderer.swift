internal import Foundation
package import Tensors

/// Draws avatars as pictures: z-buffer, bilinear albedo, second-order light, supersampled. For tests, sheets, eyes.
package struct AvatarRenderer: Sendable {
    /// Samples per pixel along each axis.
    static let samples = 2

    private let triangles: [UInt32]
    private let materialOfTriangle: [Topology.Material]
    private let avatar: Avatar

    package init(avatar: Avatar) {
        self.avatar = avatar
        // Lashes last: they are seen through, so they are drawn in a pass of their own.
        let parts = avatar.topology.parts.filter { $0.material != .lashes }
        triangles = parts.flatMap(\.triangles)
        materialOfTriangle = parts.flatMap { Array(repeating: $0.material, count: $0.triangles.count / 3) }
    }

    /// The whole head on a plain ground, seen from 1.2 m through a portrait lens.
    /// - Parameters:
    ///   - yaw, pitch: radians, of the head.
    ///   - expression: weights by Apple's names.
    package func portrait(
        yaw: Double, pitch: Double = 0, expression: [String: Double] = [:], size: Int, background: UInt8 = 214
    ) -> Image {
        var ground = Image(width: size, height: size, channels: 3)
        for y in 0..<size {
            let code = UInt8(max(0, Int(background) - 50 * y / max(size, 1)))
            for i in 3 * y * size..<3 * (y + 1) * size { ground.bytes[i] = code }
        }
        let points = avatar.points(expression: expression)
        let (low, high) = avatar.points.reduce((Float.infinity, -Float.infinity)) { (min($0.0, $1.y), max($0.1, $1.y)) }
        let height = Double(high - low)
        let middle = Double(high + low) / 2
        let camera = Camera(width: size, height: size, focal: Double(size) * 1.2 / (height * 1.12))
        var pose = Pose(yaw: yaw, pitch: pitch, roll: 0, translation: .zero)
        pose.translation = SIMD3(0, 0, 1.2) - pose.rotation.apply(SIMD3(0, middle, 0))
        return draw(points: points, pose: pose, camera: camera, onto: ground)
    }

    /// Draws `points` over a picture.
    /// - Parameters:
    ///   - points: G, model space, metres.
    ///   - opacity: 0...1.
    package func draw(
        points: [SIMD3<Float>], pose: Pose, camera: Camera, onto ground: Image, light: Light = .studio,
        opacity: Float = 1
    ) -> Image {
        let s = Self.samples
        let (width, height) = (ground.width * s, ground.height * s)
        let vertices = avatar.topology.pointOfVertex
        let projected = points.map { point -> SIMD3<Float> in
            let p = pose.apply(SIMD3<Double>(point))
            let pixel = camera.project(SIMD3(p.x, p.y, max(p.z, 1e-3))) * Double(s)
            return SIMD3(Float(pixel.x), Float(pixel.y), Float(p.z))
        }
        let positions = vertices.map { projected[Int($0)] }
        let normals = avatar.topology.normals(points: points).map {
            SIMD3<Float>(pose.rotation.apply(SIMD3<Double>($0)))
        }
        var sums = [SIMD4<Float>](repeating: .zero, count: ground.width * ground.height)
        let solid = Rasterizer.draw(positions: positions, triangles: triangles, width: width, height: height)
        let lashes = avatar.topology.parts.first { $0.material == .lashes }?.triangles ?? []
        let fringe = Rasterizer.draw(positions: positions, triangles: lashes, width: width, height: height)
        for at in solid.triangle.indices {
            let pixel = (at / width / s) * ground.width + (at % width) / s
            var colour = SIMD3<Float>.zero
            var cover: Float = 0
            if solid.triangle[at] >= 0 {
                let t = Int(solid.triangle[at])
                let (normal, uv) = interpolate(triangles, t, solid.weights[at], normals)
                colour = albedo(materialOfTriangle[t], uv) * light.shade(normal)
                if materialOfTriangle[t] == .eyes { colour += SIMD3(repeating: light.highlight(normal)) }
                cover = 1
            }
            if fringe.triangle[at] >= 0, fringe.depth[at] <= solid.depth[at] + 1e-4 {
                let (normal, uv) = interpolate(lashes, Int(fringe.triangle[at]), fringe.weights[at], normals)
                let hair = Self.sample(avatar.lashes, uv)
                let alpha = hair.w
                colour = colour * (1 - alpha) + SIMD3(hair.x, hair.y, hair.z) * light.shade(normal) * alpha
                cover = max(cover, alpha)
            }
            sums[pixel] += SIMD4(colour, cover)
        }
        var image = ground
        let share = 1 / Float(s * s)
        for i in sums.indices where sums[i].w > 0 {
            let sum = sums[i] * share * opacity
            for c in 0..<3 {
                let behind = SRGB.linear[Int(ground.bytes[3 * i + c])]
                image.bytes[3 * i + c] = SRGB.code(behind * (1 - sum.w) + sum[c])
            }
        }
        return image
    }

    /// What a pixel shows of the skin.
    package struct SkinPlace: Sendable {
        /// Point numbers of its triangle.
        package var corners: [Int]
        /// Camera space, unit.
        package var normal: SIMD3<Float>
        /// Linear.
        package var albedo: SIMD3<Float>
    }

    /// Per pixel, row by row, what it shows of the skin at its centre; `nil` where it shows something else.
    package func surface(
        points: [SIMD3<Float>], pose: Pose, camera: Camera, width: Int, height: Int
    ) -> [SkinPlace?] {
        let projected = points.map { point -> SIMD3<Float> in
            let p = pose.apply(SIMD3<Double>(point))
            let pixel = camera.project(SIMD3(p.x, p.y, max(p.z, 1e-3)))
            return SIMD3(Float(pixel.x), Float(pixel.y), Float(p.z))
        }
        let vertices = avatar.topology.pointOfVertex
        let normals = avatar.topology.normals(points: points).map {
            SIMD3<Float>(pose.rotation.apply(SIMD3<Double>($0)))
        }
        let visible = Rasterizer.draw(
            positions: vertices.map { projected[Int($0)] }, triangles: triangles, width: width, height: height)
        return visible.triangle.indices.map { at in
            let t = Int(visible.triangle[at])
            guard t >= 0, materialOfTriangle[t] == .skin else { return nil }
            let (normal, uv) = interpolate(triangles, t, visible.weights[at], normals)
            let length = (normal * normal).sum().squareRoot()
            return SkinPlace(
                corners: (0..<3).map { Int(vertices[Int(triangles[3 * t + $0])]) }, normal: normal / max(length, 1e-6),
                albedo: albedo(.skin, uv))
        }
    }

    private func interpolate(
        _ triangles: [UInt32], _ t: Int, _ w: SIMD2<Float>, _ normals: [SIMD3<Float>]
    ) -> (SIMD3<Float>, SIMD2<Float>) {
        let topology = avatar.topology
        let (a, b, c) = (Int(triangles[3 * t]), Int(triangles[3 * t + 1]), Int(triangles[3 * t + 2]))
        let first = 1 - w.x - w.y
        let normal =
            normals[Int(topology.pointOfVertex[a])] * first + normals[Int(topology.pointOfVertex[b])] * w.x
            + normals[Int(topology.pointOfVertex[c])] * w.y
        return (normal, topology.uv[a] * first + topology.uv[b] * w.x + topology.uv[c] * w.y)
    }

    private func albedo(_ material: Topology.Material, _ uv: SIMD2<Float>) -> SIMD3<Float> {
        switch material {
        case .skin:
            let texel = Self.sample(avatar.skin, uv)
            return SIMD3(texel.x, texel.y, texel.z)
        case .eyes:
            let texel = Self.sample(avatar.eyes, uv)
            return SIMD3(texel.x, texel.y, texel.z)
        case .teeth: return avatar.teethColour
        case .tongue: return avatar.tongueColour
        case .lashes: return .zero
        }
    }

    /// Bilinear, linear light; alpha (1 where there is none) last.
    private static func sample(_ image: Image, _ uv: SIMD2<Float>) -> SIMD4<Float> {
        let x = min(max(uv.x * Float(image.width) - 0.5, 0), Float(image.width - 1))
        let y = min(max(uv.y * Float(image.height) - 0.5, 0), Float(image.height - 1))
        let (x0, y0) = (Int(x), Int(y))
        let (x1, y1) = (min(x0 + 1, image.width - 1), min(y0 + 1, image.height - 1))
        func texel(_ x: Int, _ y: Int) -> SIMD4<Float> {
            let at = (y * image.width + x) * image.channels
            let light = SRGB.linear
            return SIMD4(
                light[Int(image.bytes[at])], light[Int(image.bytes[at + 1])], light[Int(image.bytes[at + 2])],
                image.channels == 4 ? Float(image.bytes[at + 3]) / 255 : 1)
        }
        let (fx, fy) = (x - Float(x0), y - Float(y0))
        let top = texel(x0, y0) * (1 - fx) + texel(x1, y0) * fx
        let bottom = texel(x0, y1) * (1 - fx) + texel(x1, y1) * fx
        return top * (1 - fy) + bottom * fy
    }
}

/// Distant light as nine spherical-harmonic coefficients of irradiance per channel (Ramamoorthi and Hanrahan 2001),
/// in camera space, as a polynomial of the normal: 1, x, y, z, xy, yz, zx, x² − y², 3z² − 1.
package struct Light: Sendable, Equatable {
    /// Nine RGB coefficients.
    package var coefficients: [SIMD3<Float>]

    package init(coefficients: [SIMD3<Float>]) {
        precondition(coefficients.count == 9, "second order has nine coefficients, got \(coefficients.count)")
        self.coefficients = coefficients
    }

    /// From above, the left and the front; camera space has y down and z away.
    package static let studio = Light(
        coefficients: [0.80, -0.12, -0.22, -0.26, 0.02, 0.04, 0.03, 0.0, 0.03].map {
            SIMD3($0, $0 * 0.995, $0 * 0.98)
        })

    /// Irradiance over π on a unit normal, never negative.
    package func shade(_ normal: SIMD3<Float>) -> SIMD3<Float> {
        let n = normal / max((normal * normal).sum().squareRoot(), 1e-6)
        let basis: [Float] = [
            1, n.x, n.y, n.z, n.x * n.y, n.y * n.z, n.z * n.x, n.x * n.x - n.y * n.y, 3 * n.z * n.z - 1,
        ]
        var sum = SIMD3<Float>.zero
        for i in 0..<9 { sum += coefficients[i] * basis[i] }
        return pointwiseMax(sum, .zero)
    }

    /// A small glint of the key light on something wet.
    func highlight(_ normal: SIMD3<Float>) -> Float {
        let n = normal / max((normal * normal).sum().squareRoot(), 1e-6)
        let half = SIMD3<Float>(-0.22, -0.3, -0.93)
        return 0.7 * pow(max((n * half).sum(), 0), 900)
    }
}

extension Avatar {
    /// The head with some expression: weights by Apple's names; unknown names are ignored.
    package func points(expression: [String: Double]) -> [SIMD3<Float>] {
        var result = points
        for shape in expressions {
            guard let weight = expression[shape.name], weight != 0 else { continue }
            for (point, offset) in zip(shape.points, shape.offsets) { result[Int(point)] += Float(weight) * offset }
        }
        return result
    }
}
