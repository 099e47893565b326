internal import Foundation

/// A head whose surface is known, as NoW scores a prediction by it (Sanyal et al. 2019, "Learning to Regress 3D Face
/// Shape and Expression from an Image without 3D Supervision"): points spread evenly over the visible face, and seven
/// landmarks. Metres, in a space of its own.
package struct HeadScan: Sendable {
    package enum Region: String, Sendable, CaseIterable {
        case nose, mouth, eyes, cheeks, jaw, forehead
    }

    package var points: [SIMD3<Double>]
    /// One per point; `nil` is of the face, but of no named part.
    package var regions: [Region?]
    /// NoW's order: outer and inner corner of the right eye, inner and outer of the left, bottom of the nose, right and
    /// left corner of the mouth (right is the person's).
    package var landmarks7: [SIMD3<Double>]

    /// - Parameters:
    ///   - triangles: of the visible face only.
    ///   - region: one per position.
    ///   - count: points to spread by area before NoW's crop to a sphere around the nose.
    package init(
        positions: [SIMD3<Double>], triangles: [SIMD3<UInt32>], region: [Region?], landmarks7: [SIMD3<Double>],
        count: Int
    ) {
        precondition(landmarks7.count == 7 && region.count == positions.count)
        let bridge = (landmarks7[1] + landmarks7[2]) / 2
        let centre = landmarks7[4] + 0.3 * (bridge - landmarks7[4])
        let radius =
            1.4 * (Self.length(landmarks7[0] - landmarks7[3]) + Self.length(bridge - landmarks7[4])) / 2
        var areas: [Double] = []
        var sum = 0.0
        for t in triangles {
            let (a, b, c) = (positions[Int(t.x)], positions[Int(t.y)], positions[Int(t.z)])
            let near = Self.length((a + b + c) / 3 - centre) < radius + 0.01
            sum += near ? Self.length(cross(b - a, c - a)) : 0
            areas.append(sum)
        }
        var generator = SeededGenerator(seed: 0)
        (points, regions, self.landmarks7) = ([], [], landmarks7)
        var t = 0
        for i in 0..<count {
            let wanted = (Double(i) + generator.uniform()) / Double(count) * sum
            while t < triangles.count - 1, areas[t] < wanted { t += 1 }
            let (r, s) = (generator.uniform().squareRoot(), generator.uniform())
            let weights = [1 - r, r * (1 - s), r * s]
            let corners = (0..<3).map { Int(triangles[t][$0]) }
            let p = (0..<3).reduce(SIMD3<Double>.zero) { $0 + weights[$1] * positions[corners[$1]] }
            guard Self.length(p - centre) <= radius else { continue }
            points.append(p)
            regions.append(region[corners[(0..<3).max { weights[$0] < weights[$1] }!]])
        }
    }

    private static func length(_ v: SIMD3<Double>) -> Double { (v * v).sum().squareRoot() }
}

extension HeadScan {
    /// A head of the model as its own scan: the visible face, parts told by the nearest of their landmarks.
    package init(model: MorphableModel, points: [SIMD3<Float>], count: Int = 6000) {
        let regions = HeadRegions(model: model)
        let marks: [(Region, [Int])] = [
            (.nose, [1, 2, 4, 5, 6, 48, 64, 97, 98, 129, 168, 195, 197, 278, 294, 326, 327, 358]),
            (.mouth, [0, 13, 14, 17, 37, 39, 61, 84, 91, 146, 181, 267, 269, 291, 314, 321, 375, 405]),
            (.eyes, [33, 133, 145, 159, 52, 65, 105, 263, 362, 374, 386, 282, 295, 334]),
            (.cheeks, [50, 101, 116, 123, 187, 205, 280, 330, 345, 352, 411, 425]),
            (.jaw, [58, 136, 148, 150, 152, 172, 176, 199, 200, 288, 365, 377, 379, 397]),
            (.forehead, [9, 10, 67, 69, 103, 104, 108, 109, 151, 297, 299, 332, 333, 337, 338]),
        ]
        let places = marks.flatMap { region, numbers in
            numbers.map { (region, model.landmarks[$0].place(on: model.mean)) }
        }
        let region = model.mean.map { p -> Region? in
            places.min { (($0.1 - p) * ($0.1 - p)).sum() < (($1.1 - p) * ($1.1 - p)).sum() }?.0
        }
        let surface = TriangleSurface(skinOf: model, points: points)
        let visible = surface.triangles.filter { t in
            (0..<3).allSatisfy { regions.insideFace[Int(t[$0])] > 0 && regions.interior[Int(t[$0])] == .none }
        }
        self.init(
            positions: points.map { SIMD3<Double>($0) }, triangles: visible, region: region,
            landmarks7: NoWLandmarks.places(model: model, points: points).map { SIMD3<Double>($0) }, count: count)
    }
}
