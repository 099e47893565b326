internal import Foundation
package import Tensors

/// Finds where the tracker's landmarks lie on our surface, by rendering heads, detecting, and projecting back.
///
/// For each of some heads, views and lights: draw the head plainly shaded, ask the detector, read off the triangle under
/// each landmark, and carry that place to the mean head by its barycentric weights. The robust mean of the places, put
/// back onto the surface, is the anchor; their spread is its deviation. A landmark of the face's outline slides with the
/// view and so gets a large one.
package struct LandmarkCalibration {
    package typealias Detector = (Image) throws -> [SIMD2<Float>]?

    static let size = 512
    static let heads = 12
    static let views: [(yaw: Double, pitch: Double)] = [
        (0, 0), (-0.25, 0), (0.25, 0), (0, 0.2), (0, -0.2), (-0.45, 0.05), (0.45, 0.05), (-0.15, -0.15), (0.15, 0.15),
    ]

    package static let camera = Camera(width: size, height: size, focal: 2.2 * Double(size))
    package static func pose(yaw: Double, pitch: Double) -> Pose {
        Pose(yaw: yaw, pitch: pitch, roll: 0, translation: [0, 0.01, 0.95])
    }

    let model: MorphableModel
    private let triangles: [UInt32]
    private let materialOfTriangle: [Topology.Material]

    package init(model: MorphableModel) {
        self.model = model
        triangles = model.topology.parts.flatMap(\.triangles)
        materialOfTriangle = model.topology.parts.flatMap { part in
            Array(repeating: part.material, count: part.triangles.count / 3)
        }
    }

    /// - Returns: 468 anchors, and the share of renders in which the detector saw a face.
    package func anchors(detect: Detector) rethrows -> (anchors: [MorphableModel.LandmarkAnchor], seen: Double) {
        var places = [[SIMD3<Float>]](repeating: [], count: model.landmarks.count)
        var (tried, seen) = (0, 0)
        var generator = SeededGenerator(seed: 7)
        for head in 0..<Self.heads {
            let identity = (0..<model.identityCount).map { _ in head == 0 ? 0 : 0.8 * generator.normal(limit: 2) }
            let points = model.points(identity: identity)
            for view in Self.views {
                let light = 0.9 * (generator.uniform() - 0.5)
                let (image, visible) = draw(points, yaw: view.yaw, pitch: view.pitch, light: light)
                tried += 1
                guard let landmarks = try detect(image) else { continue }
                seen += 1
                for (i, landmark) in landmarks.enumerated() {
                    if let place = place(under: landmark, visible) { places[i].append(place) }
                }
            }
        }
        let surface = TriangleSurface(skinOf: model, points: model.mean)
        let anchors = Self.symmetric(places.map(estimate)).map { anchor($0, surface) }
        return (anchors, Double(seen) / Double(tried))
    }

    /// A plain picture: skin, dark irises, red-brown lips would be a texture's; light from above and one side.
    package func draw(
        _ points: [SIMD3<Float>], yaw: Double, pitch: Double, light: Double
    ) -> (Image, VisibilityBuffer) {
        let (camera, pose) = (Self.camera, Self.pose(yaw: yaw, pitch: pitch))
        let projected = points.map { point -> SIMD3<Float> in
            let p = pose.apply(SIMD3<Double>(point))
            let pixel = camera.project(p)
            return SIMD3(Float(pixel.x), Float(pixel.y), Float(p.z))
        }
        let normals = model.topology.normals(points: points)
        let corners = model.topology.pointOfVertex
        let visible = Rasterizer.draw(
            positions: corners.map { projected[Int($0)] }, triangles: triangles, width: Self.size, height: Self.size)
        var image = Image(width: Self.size, height: Self.size, channels: 3, filledWith: 150)
        let source = Pose(yaw: yaw, pitch: pitch, roll: 0, translation: .zero).rotation
        for at in visible.triangle.indices where visible.triangle[at] >= 0 {
            let t = Int(visible.triangle[at])
            let w = visible.weights[at]
            let ids = (0..<3).map { Int(corners[Int(triangles[3 * t + $0])]) }
            let n = normals[ids[0]] * (1 - w.x - w.y) + normals[ids[1]] * w.x + normals[ids[2]] * w.y
            let turned = source.apply(SIMD3<Double>(n))
            let lambert = max(0, (turned * SIMD3(light, -0.5, -0.75)).sum())
            let shade = Float(0.35 + 0.65 * lambert)
            let rest = model.mean[ids[0]] * (1 - w.x - w.y) + model.mean[ids[1]] * w.x + model.mean[ids[2]] * w.y
            let colour = self.colour(material: materialOfTriangle[t], rest: rest)
            for c in 0..<3 { image.bytes[3 * at + c] = SRGB.code(colour[c] * shade) }
        }
        return (image, visible)
    }

    private func colour(material: Topology.Material, rest: SIMD3<Float>) -> SIMD3<Float> {
        switch material {
        case .skin: return SIMD3(0.55, 0.33, 0.24)
        case .eyes:
            let eye = rest.x > 0 ? eyes.left : eyes.right
            let d = rest - eye
            return d.z > 0 && d.x * d.x + d.y * d.y < 0.0058 * 0.0058
                ? SIMD3(0.02, 0.015, 0.01) : SIMD3(0.6, 0.58, 0.55)
        case .teeth: return SIMD3(0.6, 0.55, 0.45)
        case .tongue: return SIMD3(0.35, 0.1, 0.1)
        case .lashes: return SIMD3(0.05, 0.03, 0.02)
        }
    }

    private var eyes: (left: SIMD3<Float>, right: SIMD3<Float>) {
        let part = model.topology.parts.first { $0.material == .eyes }!
        let all = Set(part.triangles.map { model.topology.pointOfVertex[Int($0)] }).map { model.mean[Int($0)] }
        func middle(_ points: [SIMD3<Float>]) -> SIMD3<Float> { points.reduce(.zero, +) / Float(max(points.count, 1)) }
        return (middle(all.filter { $0.x > 0 }), middle(all.filter { $0.x <= 0 }))
    }

    /// The place on the mean head under an image point: the skin's nearest visible pixel within a few.
    private func place(under landmark: SIMD2<Float>, _ visible: VisibilityBuffer) -> SIMD3<Float>? {
        let (x, y) = (Int(landmark.x.rounded(.down)), Int(landmark.y.rounded(.down)))
        var best: (distance: Float, at: Int)?
        for dy in -6...6 {
            for dx in -6...6 {
                let (px, py) = (x + dx, y + dy)
                guard px >= 0, py >= 0, px < Self.size, py < Self.size else { continue }
                let at = py * Self.size + px
                let t = visible.triangle[at]
                guard t >= 0, materialOfTriangle[Int(t)] == .skin else { continue }
                let d = SIMD2(Float(px) + 0.5, Float(py) + 0.5) - landmark
                let distance = (d * d).sum()
                if distance < best?.distance ?? .infinity { best = (distance, at) }
            }
        }
        guard let best else { return nil }
        let t = Int(visible.triangle[best.at])
        let w = visible.weights[best.at]
        let p = (0..<3).map { model.mean[Int(model.topology.pointOfVertex[Int(triangles[3 * t + $0])])] }
        return p[0] * (1 - w.x - w.y) + p[1] * w.x + p[2] * w.y
    }

    /// Where a landmark lies on the mean head, metres, and how much that varied.
    private struct Estimate {
        var place: SIMD3<Float>
        var deviation: Float
    }

    /// Mean of the places that are not far off their median; nothing where too few renders showed the landmark.
    private func estimate(_ places: [SIMD3<Float>]) -> Estimate? {
        guard places.count >= Self.heads * Self.views.count / 3 else { return nil }
        func median(_ values: [Float]) -> Float { values.sorted()[values.count / 2] }
        let middle = SIMD3(median(places.map(\.x)), median(places.map(\.y)), median(places.map(\.z)))
        func distance(_ p: SIMD3<Float>) -> Float { ((p - middle) * (p - middle)).sum().squareRoot() }
        let typical = median(places.map(distance))
        let near = places.filter { distance($0) <= 3 * typical + 1e-4 }
        let mean = near.reduce(.zero, +) / Float(near.count)
        let spread = near.reduce(Float(0)) { $0 + (($1 - mean) * ($1 - mean)).sum() } / Float(near.count)
        return Estimate(place: mean, deviation: spread.squareRoot())
    }

    /// Each landmark averaged with the mirror image of its partner, which is the one whose mirror image lies nearest;
    /// what the two disagree in adds to the deviation. The mean head is symmetric, so what is not is the detector's.
    private static func symmetric(_ estimates: [Estimate?]) -> [Estimate?] {
        let flip = SIMD3<Float>(-1, 1, 1)
        func partner(_ i: Int) -> Int? {
            guard let own = estimates[i]?.place else { return nil }
            return estimates.indices.filter { estimates[$0] != nil }.min { a, b in
                let (p, q) = (estimates[a]!.place * flip - own, estimates[b]!.place * flip - own)
                return (p * p).sum() < (q * q).sum()
            }
        }
        let partners = estimates.indices.map(partner)
        return estimates.indices.map { i in
            guard let own = estimates[i], let j = partners[i], partners[j] == i, let other = estimates[j] else {
                return estimates[i]
            }
            let half = (own.place - other.place * flip) / 2
            return Estimate(
                place: own.place - half,
                deviation: ((own.deviation * own.deviation + other.deviation * other.deviation) / 2
                    + (half * half).sum()).squareRoot())
        }
    }

    private func anchor(_ estimate: Estimate?, _ surface: TriangleSurface) -> MorphableModel.LandmarkAnchor {
        guard let estimate else { return .init(points: .zero, weights: [1, 0, 0], deviation: .infinity) }
        let nearest = surface.nearest(to: estimate.place)
        // Also what all views share is uncertain: never below a millimetre.
        return .init(
            points: surface.triangles[nearest.triangle], weights: nearest.weights,
            deviation: max(estimate.deviation, 0.001))
    }
}
