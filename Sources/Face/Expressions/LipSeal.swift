internal import Foundation

/// Where the lips of a head are apart or run through each other, and what closes them.
///
/// Lips are compared in upright slices a millimetre apart from corner to corner: in each, the upper lip's lower envelope
/// against the lower lip's upper one. Which points are the lower lip's is told by how far they drop with the jaw.
package struct LipSeal: Sendable {
    /// Columns from the right corner of the mouth to the left one.
    static let columns = 48
    /// Metres: lips that touch overlap by this, and may overlap by that without being moved apart.
    private static let touch: Float = 0.000_15
    private static let allowed: Float = 0.001
    /// Metres: how far into the mouth lips may touch, behind their foremost place.
    private static let depth: Float = 0.012
    /// Metres: how far around the touching places the lips are moved.
    private static let reach: Float = 0.007

    /// Mouth corners, the person's right and left; outer rims of the lips between them (MediaPipe's numbers).
    private static let corners = (61, 291)
    private static let upperRim = [185, 40, 39, 37, 0, 267, 269, 270, 409]
    private static let lowerRim = [146, 91, 181, 84, 17, 314, 405, 321, 375]

    /// Points near the mouth, and how much each is of the lower lip, 0...1.
    private let points: [Int]
    private let lowness: [Float]
    /// Triangles of the upper and of the lower lip.
    private let upper: [SIMD3<UInt32>]
    private let lower: [SIMD3<UInt32>]
    private let corner: (MorphableModel.LandmarkAnchor, MorphableModel.LandmarkAnchor)

    /// Gaps in metres, positive where the lips are apart, and where they are nearest to each other.
    struct Contact {
        /// From the right corner's x to the left one's.
        var range: (Float, Float)
        /// `columns`; NaN where a slice does not show both lips.
        var gap: [Float]
        var y: [Float]
        var z: [Float]
    }

    /// `nil` for a head without a jaw that opens or without landmarks around the mouth.
    package init?(model: MorphableModel) {
        guard let jaw = model.expressions.first(where: { $0.name == "jawOpen" }), model.landmarks.count >= 468 else {
            return nil
        }
        let anchors = [Self.corners.0, Self.corners.1] + Self.upperRim + Self.lowerRim
        guard anchors.allSatisfy({ model.landmarks[$0].deviation.isFinite }) else { return nil }
        var drop = [Float](repeating: 0, count: model.mean.count)
        for (point, offset) in zip(jaw.points, jaw.offsets) { drop[Int(point)] = -offset.y }
        func place(_ landmark: Int) -> SIMD3<Float> { model.landmarks[landmark].place(on: model.mean) }
        func drops(_ rim: [Int]) -> [(x: Float, drop: Float)] {
            rim.map { landmark in
                let anchor = model.landmarks[landmark]
                let sum = (0..<3).reduce(Float(0)) { $0 + drop[Int(anchor.points[$1])] * anchor.weights[$1] }
                return (place(landmark).x, sum)
            }
        }
        func interpolated(_ rim: [(x: Float, drop: Float)], at x: Float) -> Float {
            if x <= rim[0].x { return rim[0].drop }
            for (a, b) in zip(rim, rim.dropFirst()) where x <= b.x {
                return a.drop + (b.drop - a.drop) * (x - a.x) / max(b.x - a.x, 1e-6)
            }
            return rim[rim.count - 1].drop
        }
        let (above, below) = (drops(Self.upperRim), drops(Self.lowerRim))
        let (right, left) = (place(Self.corners.0), place(Self.corners.1))
        let middle = (right + left) / 2
        let front = max(place(0).z, place(17).z)
        let half = (left.x - right.x) / 2 + 0.008
        var lowness: [Float] = []
        var points: [Int] = []
        for (g, p) in model.mean.enumerated() {
            guard abs(p.x - middle.x) < half, abs(p.y - middle.y) < 0.022, p.z > min(right.z, left.z) - 0.012,
                p.z < front + 0.01
            else { continue }
            let (u, l) = (interpolated(above, at: p.x), interpolated(below, at: p.x))
            points.append(g)
            lowness.append(min(max((drop[g] - u) / max(l - u, 1e-4), 0), 1))
        }
        var lowOf = [Float](repeating: -1, count: model.mean.count)
        for (g, low) in zip(points, lowness) { lowOf[g] = low }
        var (upper, lower): ([SIMD3<UInt32>], [SIMD3<UInt32>]) = ([], [])
        for part in model.topology.parts where part.material == .skin {
            for t in stride(from: 0, to: part.triangles.count, by: 3) {
                let corners = (0..<3).map { model.topology.pointOfVertex[Int(part.triangles[t + $0])] }
                let low = corners.map { lowOf[Int($0)] }
                guard low.allSatisfy({ $0 >= 0 }) else { continue }
                let triangle = SIMD3(corners[0], corners[1], corners[2])
                if low.max()! < 0.5 { upper.append(triangle) } else if low.min()! > 0.5 { lower.append(triangle) }
            }
        }
        guard !upper.isEmpty, !lower.isEmpty else { return nil }
        (self.points, self.lowness, self.upper, self.lower) = (points, lowness, upper, lower)
        corner = (model.landmarks[Self.corners.0], model.landmarks[Self.corners.1])
    }

    /// - Parameter head: G points, metres.
    func contact(_ head: [SIMD3<Float>]) -> Contact {
        let (right, left) = (corner.0.place(on: head), corner.1.place(on: head))
        let count = Self.columns
        var contact = Contact(
            range: (right.x, left.x), gap: [Float](repeating: .nan, count: count),
            y: [Float](repeating: (right.y + left.y) / 2, count: count),
            z: [Float](repeating: (right.z + left.z) / 2, count: count))
        // Depth in half millimetres from well behind the corners on.
        let (start, step, cells) = (min(right.z, left.z) - 0.015, Float(0.0005), 120)
        for column in 0..<count {
            let x = right.x + (left.x - right.x) * (Float(column) + 0.5) / Float(count)
            let under = Self.envelope(upper, head, x: x, start: start, step: step, cells: cells, lowest: true)
            let over = Self.envelope(lower, head, x: x, start: start, step: step, cells: cells, lowest: false)
            guard let foremost = (0..<cells).last(where: { under[$0].isFinite && over[$0].isFinite }) else {
                // One lip is wholly before the other: they meet when their heights do.
                guard let u = under.filter(\.isFinite).min(), let o = over.filter(\.isFinite).max(),
                    let z = (0..<cells).last(where: { under[$0].isFinite || over[$0].isFinite })
                else { continue }
                (contact.gap[column], contact.y[column]) = (u - o, (u + o) / 2)
                contact.z[column] = start + Float(z) * step
                continue
            }
            for z in max(foremost - Int(Self.depth / step), 0)...foremost where under[z].isFinite && over[z].isFinite {
                let gap = under[z] - over[z]
                guard contact.gap[column].isNaN || gap < contact.gap[column] else { continue }
                (contact.gap[column], contact.y[column]) = (gap, (under[z] + over[z]) / 2)
                contact.z[column] = start + Float(z) * step
            }
        }
        return contact
    }

    /// Of a slice at `x`, per cell of depth, the lowest or highest y of some triangles; infinite where there is none.
    private static func envelope(
        _ triangles: [SIMD3<UInt32>], _ head: [SIMD3<Float>], x: Float, start: Float, step: Float, cells: Int,
        lowest: Bool
    ) -> [Float] {
        var result = [Float](repeating: lowest ? .infinity : -.infinity, count: cells)
        for triangle in triangles {
            let p = (head[Int(triangle.x)], head[Int(triangle.y)], head[Int(triangle.z)])
            guard min(p.0.x, p.1.x, p.2.x) <= x, max(p.0.x, p.1.x, p.2.x) > x else { continue }
            var ends: [SIMD2<Float>] = []
            for (a, b) in [(p.0, p.1), (p.1, p.2), (p.2, p.0)] where (a.x <= x) != (b.x <= x) {
                let t = (x - a.x) / (b.x - a.x)
                ends.append(SIMD2(a.z + (b.z - a.z) * t, a.y + (b.y - a.y) * t))
            }
            guard ends.count == 2 else { continue }
            if ends[0].x > ends[1].x { ends.swapAt(0, 1) }
            let first = max(Int(((ends[0].x - start) / step).rounded(.up)), 0)
            let last = min(Int(((ends[1].x - start) / step).rounded(.down)), cells - 1)
            guard first <= last else { continue }
            for cell in first...last {
                let z = start + Float(cell) * step
                let t = (z - ends[0].x) / max(ends[1].x - ends[0].x, 1e-9)
                let y = ends[0].y + (ends[1].y - ends[0].y) * t
                result[cell] = lowest ? min(result[cell], y) : max(result[cell], y)
            }
        }
        return result
    }

    /// Largest gap between the lips, metres, of the middle nine tenths; negative where all overlap.
    package func opening(of head: [SIMD3<Float>]) -> Float {
        contact(head).gap.dropFirst(2).dropLast(2).filter(\.isFinite).max() ?? 0
    }

    /// What makes the lips of a head meet: upright moves of points near the mouth, metres.
    package func closing(_ head: [SIMD3<Float>]) -> [(point: Int, offset: Float, lowness: Float)] {
        var head = head
        var total = [Float](repeating: 0, count: points.count)
        for _ in 0..<3 {
            let contact = contact(head)
            let need = Self.smooth(
                contact.gap.map { gap in
                    guard gap.isFinite else { return 0 }
                    if gap > -Self.touch { return gap + Self.touch }
                    return min(gap + Self.allowed, 0)
                })
            guard need.contains(where: { abs($0) > 2e-5 }) else { break }
            let width = contact.range.1 - contact.range.0
            for (i, g) in points.enumerated() {
                let p = head[g]
                let at = (p.x - contact.range.0) / max(width, 1e-6) * Float(Self.columns) - 0.5
                guard at > -0.5, at < Float(Self.columns) - 0.5 else { continue }
                let low = min(max(Int(at.rounded(.down)), 0), Self.columns - 2)
                let part = min(max(at - Float(low), 0), 1)
                func value(_ row: [Float]) -> Float { row[low] + (row[low + 1] - row[low]) * part }
                let (dy, dz) = (p.y - value(contact.y), p.z - value(contact.z))
                // Behind the lips, towards the throat, nothing needs to move.
                let near = exp(-(dy * dy + dz * dz) / (2 * Self.reach * Self.reach))
                let move = value(need) * (lowness[i] - 0.5) * near
                total[i] += move
                head[g].y += move
            }
        }
        return points.indices.filter { abs(total[$0]) > 1e-6 }.map { (points[$0], total[$0], lowness[$0]) }
    }

    /// Means of five neighbours, fading to nothing at the corners.
    private static func smooth(_ row: [Float]) -> [Float] {
        row.indices.map { i in
            let near = max(i - 2, 0)...min(i + 2, row.count - 1)
            let mean = near.reduce(Float(0)) { $0 + row[$1] } / Float(near.count)
            return mean * min((Float(min(i, row.count - 1 - i)) + 0.5) / 3, 1)
        }
    }
}
