/// Triangles to find the nearest place on, through a grid of cells: exact, tens of thousands of queries a second.
package struct TriangleSurface: Sendable {
    package struct Place: Sendable {
        /// Index into `triangles`, and barycentric weights of its corners.
        package var triangle: Int
        package var weights: SIMD3<Float>
        package var position: SIMD3<Float>
    }

    package let positions: [SIMD3<Float>]
    package let triangles: [SIMD3<UInt32>]
    private let low: SIMD3<Float>
    private let cell: Float
    private let count: SIMD3<Int>
    /// Triangles of cell c: `members[starts[c]..<starts[c + 1]]`; a triangle is in all cells that its box touches.
    private let starts: [Int32]
    private let members: [Int32]

    /// - Parameters:
    ///   - positions: any unit of length.
    ///   - triangles: at least one; corners' numbers in `positions`.
    ///   - cell: side of a cell, best about the side of a triangle.
    package init(positions: [SIMD3<Float>], triangles: [SIMD3<UInt32>], cell: Float) {
        precondition(!triangles.isEmpty && cell > 0, "a surface needs a triangle and a cell")
        self.positions = positions
        self.triangles = triangles
        self.cell = cell
        var (low, high) = (SIMD3<Float>(repeating: .infinity), SIMD3<Float>(repeating: -.infinity))
        func box(_ t: SIMD3<UInt32>) -> (SIMD3<Float>, SIMD3<Float>) {
            let (a, b, c) = (positions[Int(t.x)], positions[Int(t.y)], positions[Int(t.z)])
            return (pointwiseMin(a, pointwiseMin(b, c)), pointwiseMax(a, pointwiseMax(b, c)))
        }
        for t in triangles {
            let (from, to) = box(t)
            low = pointwiseMin(low, from)
            high = pointwiseMax(high, to)
        }
        let size = SIMD3<Int>(((high - low) / cell).rounded(.down)) &+ 1
        precondition(size.x * size.y < 1 << 24 && size.x * size.y * size.z < 1 << 26, "cells of \(cell) are too small")
        func cells(_ t: SIMD3<UInt32>, _ body: (Int) -> Void) {
            let (from, to) = box(t)
            let (a, b) = (
                SIMD3<Int>(((from - low) / cell).rounded(.down)), SIMD3<Int>(((to - low) / cell).rounded(.down))
            )
            for z in a.z...b.z { for y in a.y...b.y { for x in a.x...b.x { body((z * size.y + y) * size.x + x) } } }
        }
        var counts = [Int32](repeating: 0, count: size.x * size.y * size.z + 1)
        for t in triangles { cells(t) { counts[$0 + 1] += 1 } }
        for i in 1..<counts.count { counts[i] += counts[i - 1] }
        var (next, members) = (counts, [Int32](repeating: 0, count: Int(counts[counts.count - 1])))
        for (i, t) in triangles.enumerated() {
            cells(t) {
                members[Int(next[$0])] = Int32(i)
                next[$0] += 1
            }
        }
        self.low = low
        count = size
        starts = counts
        self.members = members
    }

    /// The place of the surface nearest to `p`.
    package func nearest(to p: SIMD3<Float>) -> Place {
        let inside = pointwiseMin(
            pointwiseMax(SIMD3<Int>(((p - low) / cell).rounded(.down)), .zero), count &- 1)
        // What lies outside of the grid is at least so much farther from all cells.
        var best = Place(triangle: -1, weights: [1, 0, 0], position: .zero)
        var square = Float.infinity
        for ring in 0..<count.max() + 1 {
            // Every cell of this ring is at least ring − 1 whole cells away.
            let gap = Float(ring - 1) * cell
            if gap > 0, gap * gap > square { break }
            visit(ring, around: inside) { triangle in
                let t = triangles[triangle]
                let (a, b, c) = (positions[Int(t.x)], positions[Int(t.y)], positions[Int(t.z)])
                let w = Self.closest(p, a, b, c)
                let q = a * w.x + b * w.y + c * w.z
                let d = ((p - q) * (p - q)).sum()
                if d < square {
                    square = d
                    best = Place(triangle: triangle, weights: w, position: q)
                }
            }
        }
        return best
    }

    /// The triangles of all cells whose larger index distance from `middle` is `ring`.
    private func visit(_ ring: Int, around middle: SIMD3<Int>, _ body: (Int) -> Void) {
        for z in max(middle.z - ring, 0)...min(middle.z + ring, count.z - 1) {
            for y in max(middle.y - ring, 0)...min(middle.y + ring, count.y - 1) {
                let isShell = abs(z - middle.z) == ring || abs(y - middle.y) == ring
                let step = isShell || ring == 0 ? 1 : 2 * ring
                for x in stride(from: middle.x - ring, through: middle.x + ring, by: step)
                where x >= 0 && x < count.x {
                    let at = (z * count.y + y) * count.x + x
                    for m in starts[at]..<starts[at + 1] { body(Int(members[Int(m)])) }
                }
            }
        }
    }

    /// Barycentric weights of the triangle's point nearest to `p` (Ericson, Real-Time Collision Detection, 5.1.5).
    static func closest(
        _ p: SIMD3<Float>, _ a: SIMD3<Float>, _ b: SIMD3<Float>, _ c: SIMD3<Float>
    ) -> SIMD3<Float> {
        let (ab, ac, ap) = (b - a, c - a, p - a)
        let (d1, d2) = ((ab * ap).sum(), (ac * ap).sum())
        if d1 <= 0, d2 <= 0 { return [1, 0, 0] }
        let bp = p - b
        let (d3, d4) = ((ab * bp).sum(), (ac * bp).sum())
        if d3 >= 0, d4 <= d3 { return [0, 1, 0] }
        let vc = d1 * d4 - d3 * d2
        if vc <= 0, d1 >= 0, d3 <= 0 { return [1 - d1 / (d1 - d3), d1 / (d1 - d3), 0] }
        let cp = p - c
        let (d5, d6) = ((ab * cp).sum(), (ac * cp).sum())
        if d6 >= 0, d5 <= d6 { return [0, 0, 1] }
        let vb = d5 * d2 - d1 * d6
        if vb <= 0, d2 >= 0, d6 <= 0 { return [1 - d2 / (d2 - d6), 0, d2 / (d2 - d6)] }
        let va = d3 * d6 - d5 * d4
        if va <= 0, d4 - d3 >= 0, d5 - d6 >= 0 {
            let t = (d4 - d3) / ((d4 - d3) + (d5 - d6))
            return [0, 1 - t, t]
        }
        let n = 1 / (va + vb + vc)
        return [1 - (vb + vc) * n, vb * n, vc * n]
    }
}

extension TriangleSurface {
    /// The skin of a head; corners are point numbers.
    package init(skinOf model: MorphableModel, points: [SIMD3<Float>]) {
        let part = model.topology.parts.first { $0.material == .skin }!
        let point = model.topology.pointOfVertex
        self.init(
            positions: points,
            triangles: stride(from: 0, to: part.triangles.count, by: 3).map {
                SIMD3(
                    point[Int(part.triangles[$0])], point[Int(part.triangles[$0 + 1])],
                    point[Int(part.triangles[$0 + 2])])
            }, cell: 0.004)
    }
}
