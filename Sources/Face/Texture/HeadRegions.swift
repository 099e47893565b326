/// What the texture needs to know of the head's anatomy, per point of the surface. Found once from the mean head and
/// its landmark anchors, so that any model with MediaPipe's 468 landmarks will do.
package struct HeadRegions: Sendable, Equatable {
    /// Inner surfaces no camera sees on a neutral head; they get a colour of their own.
    package enum Interior: UInt8, Sendable { case none, mouth, socket, other }

    /// G: metres inside (positive) or outside the face oval as seen from the front; outside behind the cheeks.
    package var insideFace: [Float]
    /// G: 0 on plain skin ... 1 on brows, eyes and lips, whose colour says nothing about skin or light.
    package var feature: [Float]
    /// G: 0...1, where hair grows on most heads.
    package var scalp: [Float]
    package var interior: [Interior]

    package init(insideFace: [Float], feature: [Float], scalp: [Float], interior: [Interior]) {
        precondition(
            insideFace.count == feature.count && feature.count == scalp.count && scalp.count == interior.count,
            "regions of \(insideFace.count), \(feature.count), \(scalp.count), \(interior.count) points")
        self.insideFace = insideFace
        self.feature = feature
        self.scalp = scalp
        self.interior = interior
    }

    /// Everything is plain facial skin: for surfaces without landmarks.
    package static func plain(pointCount: Int) -> HeadRegions {
        HeadRegions(
            insideFace: [Float](repeating: 0.05, count: pointCount),
            feature: [Float](repeating: 0, count: pointCount), scalp: [Float](repeating: 0, count: pointCount),
            interior: [Interior](repeating: .none, count: pointCount))
    }

    package init(model: MorphableModel) {
        let points = model.mean
        let count = points.count
        guard model.landmarks.count >= 468 else {
            self = .plain(pointCount: count)
            return
        }
        func ring(_ numbers: [Int]) -> [SIMD2<Float>] {
            numbers.compactMap { n in
                let anchor = model.landmarks[n]
                guard anchor.deviation.isFinite else { return nil }
                let p = anchor.place(on: points)
                return SIMD2(p.x, p.y)
            }
        }
        let oval = ring(Self.oval)
        let features = [
            ring(Self.lips), ring(Self.leftEye), ring(Self.rightEye), ring(Self.leftBrow), ring(Self.rightBrow),
        ]
        let margins: [Float] = [0.003, 0.008, 0.008, 0.004, 0.004]
        guard oval.count > 8 else {
            self = .plain(pointCount: count)
            return
        }
        let normals = model.topology.normals(points: points)
        let top = oval.map(\.y).max() ?? 0.08
        var insideFace = [Float](repeating: -0.1, count: count)
        var feature = [Float](repeating: 0, count: count)
        var scalp = [Float](repeating: 0, count: count)
        for (g, p) in points.enumerated() {
            let flat = SIMD2(p.x, p.y)
            let distance = Self.signedDistance(flat, oval)
            // Facing forwards and not behind the ears, else the back of the head would count as face.
            let front = min(max((normals[g].z + 0.35) / 0.5, 0), 1) * min(max((p.z + 0.01) / 0.03, 0), 1)
            insideFace[g] = max(min(distance, -0.02) + (distance - min(distance, -0.02)) * front, -0.1)
            guard p.z > 0 else {
                scalp[g] = Self.scalp(p, top: top)
                continue
            }
            for (ring, margin) in zip(features, margins) where ring.count > 2 {
                let d = Self.signedDistance(flat, ring)
                feature[g] = max(feature[g], min(max(1 + d / margin, 0), 1) * (front > 0 ? 1 : 0))
            }
            scalp[g] = Self.scalp(p, top: top)
        }
        self.init(
            insideFace: insideFace, feature: feature, scalp: scalp, interior: Self.interior(model: model))
    }

    /// The usual hairline: above the forehead's top in front, falling along the temples, in front of the ears down to their
    /// middle, above the ears (the origin is between them), then below them at the nape.
    private static func scalp(_ p: SIMD3<Float>, top: Float) -> Float {
        let line: Float
        if p.z > 0.03 {
            line = 0.035 + (top + 0.004 - 0.035) * min((p.z - 0.03) / 0.05, 1) - 0.03 * max(1 - (p.z - 0.03) / 0.01, 0)
        } else if p.z > 0 {
            line = 0.035 - 0.03 * min(max((p.z - 0.01) / 0.006, 0), 1)
        } else {
            line = 0.035 - 0.085 * min(max((-0.01 - p.z) / 0.04, 0), 1)
        }
        return min(max(0.5 + (p.y - line) / 0.016, 0), 1)
    }

    /// Points hidden from a ring of directions around the neutral head, sorted by what they lie close to.
    private static func interior(model: MorphableModel) -> [Interior] {
        let topology = model.topology
        var corners: [UInt32] = []
        var eyePoints: [SIMD3<Float>] = []
        for part in topology.parts where part.material != .lashes {
            corners += part.triangles.map { topology.pointOfVertex[Int($0)] }
            if part.material == .eyes {
                eyePoints += Set(part.triangles.map { topology.pointOfVertex[Int($0)] }).sorted().map {
                    model.mean[Int($0)]
                }
            }
        }
        let camera = Camera(width: 512, height: 512, focal: 900)
        var seen = [Bool](repeating: false, count: model.mean.count)
        for yaw in stride(from: -1.8, through: 1.9, by: 0.45) {
            for pitch in [-0.5, 0.0, 0.5] {
                let pose = Pose(yaw: yaw, pitch: pitch, roll: 0, translation: [0, 0, 0.75])
                let positions = model.mean.map { p in
                    let c = pose.apply(SIMD3<Double>(p))
                    let i = camera.project(c)
                    return SIMD3<Float>(Float(i.x), Float(i.y), Float(c.z))
                }
                let drawn = Rasterizer.draw(positions: positions, triangles: corners, width: 512, height: 512)
                for (g, p) in positions.enumerated() where !seen[g] {
                    let (x, y) = (Int(p.x.rounded(.down)), Int(p.y.rounded(.down)))
                    guard x >= 0, y >= 0, x < 512, y < 512 else { continue }
                    seen[g] = p.z <= drawn.depth[y * 512 + x] + 0.002
                }
            }
        }
        let left = eyePoints.filter { $0.x > 0 }
        let right = eyePoints.filter { $0.x <= 0 }
        func middle(_ points: [SIMD3<Float>]) -> SIMD3<Float> {
            points.isEmpty ? SIMD3(repeating: .infinity) : points.reduce(.zero, +) / Float(points.count)
        }
        let sockets = [middle(left), middle(right)]
        let lips = (Self.lips.map { model.landmarks[$0] }).filter { $0.deviation.isFinite }.map { anchor in
            model.mean[Int(anchor.points.x)]
        }
        let mouth = middle(lips)
        return model.mean.indices.map { g in
            guard !seen[g] else { return .none }
            let p = model.mean[g]
            func distance(_ q: SIMD3<Float>) -> Float { ((p - q) * (p - q)).sum().squareRoot() }
            if sockets.contains(where: { distance($0) < 0.022 }) { return .socket }
            if p.y < mouth.y + 0.025, distance(mouth) < 0.08, p.z < mouth.z + 0.005 { return .mouth }
            return .other
        }
    }

    /// Distance to a closed polygon, positive inside.
    static func signedDistance(_ p: SIMD2<Float>, _ ring: [SIMD2<Float>]) -> Float {
        var nearest = Float.infinity
        var inside = false
        var previous = ring[ring.count - 1]
        for corner in ring {
            let edge = corner - previous
            let t = min(max(((p - previous) * edge).sum() / max((edge * edge).sum(), 1e-12), 0), 1)
            let d = p - previous - edge * t
            nearest = min(nearest, (d * d).sum())
            if (corner.y > p.y) != (previous.y > p.y),
                p.x < (previous.x - corner.x) * (p.y - corner.y) / (previous.y - corner.y) + corner.x
            {
                inside.toggle()
            }
            previous = corner
        }
        return inside ? nearest.squareRoot() : -nearest.squareRoot()
    }

    // Rings of MediaPipe's 468 landmarks (its FACEMESH_* contours), the person's left and right.
    static let oval = [
        10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149,
        150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
    ]
    static let lips = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185]
    static let mouth = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191]
    static let leftEye = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466]
    static let rightEye = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246]
    static let leftBrow = [300, 293, 334, 296, 336, 285, 295, 282, 283, 276]
    static let rightBrow = [70, 63, 105, 66, 107, 55, 65, 52, 53, 46]
}
