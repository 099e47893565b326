internal import Tensors

/// Carries the mean head's expression shapes over to a head of other proportions.
///
/// Skin: deformation transfer (Sumner and Popović, "Deformation Transfer for Triangle Meshes", SIGGRAPH 2004): what an
/// expression does to each triangle of the mean head, stretching and turning its edges, is done to the same triangle of
/// the other head, and the offsets of the points are what agrees best with all of them. Points that the shape does not
/// move on the mean head stay where they are. Teeth, tongue and eyeballs, which are stiff, move as on the mean head
/// about their own middle; lashes go with the lids. For the mean head itself everything comes out as it is in the model.
package struct ExpressionTransfer: Sendable {
    /// One shape's least squares: the graph Laplacian over the points that move.
    private struct System: Sendable {
        /// Point numbers, ascending.
        var points: [UInt32] = []
        /// Per moving point the compressed row of its neighbours: own numbers within `points`, or −1 where fixed.
        var starts: [Int32] = [0]
        var neighbours: [Int32] = []
        /// As many as triangles share the edge.
        var weights: [Float] = []
        var degrees: [Float] = []
        /// Triangles with a moving corner: point numbers, and numbers within `points` or −1.
        var corners: [SIMD3<UInt32>] = []
        var own: [SIMD3<Int32>] = []
        /// Per triangle the deformation's gradient less the identity, by columns.
        var gradients: [(SIMD3<Float>, SIMD3<Float>, SIMD3<Float>)] = []
    }

    private let model: MorphableModel
    /// The skin's, as points.
    private let triangles: [SIMD3<UInt32>]
    private let neighbours: PointNeighbours
    private let sharedTriangles: [Float]
    private let isSkin: [Bool]
    /// Points of each stiff body.
    private let bodies: [[Int]]
    /// Points of the lashes, and the skin's nearest to each.
    private let lashes: [(point: Int, skin: Int)]

    package init(model: MorphableModel) {
        self.model = model
        let skin = Self.triangles(of: model.topology, [.skin])
        let neighbours = PointNeighbours(triangles: skin.flatMap { [$0.x, $0.y, $0.z] }, pointCount: model.mean.count)
        let isSkin = (0..<model.mean.count).map { neighbours.starts[$0] < neighbours.starts[$0 + 1] }
        triangles = skin
        self.neighbours = neighbours
        sharedTriangles = Self.sharedTriangles(skin, neighbours)
        self.isSkin = isSkin
        bodies = Self.bodies(of: model)
        let surface = model.mean.indices.filter { isSkin[$0] && model.mean[$0].z > 0.03 }
        lashes = Set(Self.triangles(of: model.topology, [.lashes]).flatMap { [$0.x, $0.y, $0.z] }).sorted().map { g in
            let p = model.mean[Int(g)]
            func distance(_ s: Int) -> Float { ((model.mean[s] - p) * (model.mean[s] - p)).sum() }
            return (Int(g), surface.min { distance($0) < distance($1) } ?? Int(g))
        }
    }

    /// Offsets in metres at weight 1: per shape, G.
    /// - Parameter neutral: the other head, G points in model space, metres.
    package func offsets(on neutral: [SIMD3<Float>]) -> [[SIMD3<Float>]] {
        precondition(neutral.count == model.mean.count, "\(neutral.count) points for the model's head")
        return model.expressions.indices.map { $0 }.mapConcurrently { e in
            var result = [SIMD3<Float>](repeating: .zero, count: neutral.count)
            let shape = model.expressions[e]
            for (point, offset) in zip(shape.points, shape.offsets) { result[Int(point)] = offset }
            let mean = result
            for body in bodies { Self.carry(body, &result, from: model.mean, to: neutral) }
            // Made anew each time: all shapes' together are the largest part of what a head would be kept with.
            let system = system(shape)
            for (point, offset) in zip(system.points, Self.solve(system, neutral: neutral, start: mean)) {
                result[Int(point)] = offset
            }
            for (point, skin) in lashes where mean[point] != .zero { result[point] += result[skin] - mean[skin] }
            return result
        }
    }

    private static func triangles(of topology: Topology, _ materials: [Topology.Material]) -> [SIMD3<UInt32>] {
        topology.parts.filter { materials.contains($0.material) }.flatMap { part in
            stride(from: 0, to: part.triangles.count, by: 3).map { t in
                SIMD3(
                    topology.pointOfVertex[Int(part.triangles[t])], topology.pointOfVertex[Int(part.triangles[t + 1])],
                    topology.pointOfVertex[Int(part.triangles[t + 2])])
            }
        }
    }

    /// Per entry of `neighbours`, how many triangles have that edge.
    private static func sharedTriangles(_ triangles: [SIMD3<UInt32>], _ neighbours: PointNeighbours) -> [Float] {
        var weights = [Float](repeating: 0, count: neighbours.others.count)
        for triangle in triangles {
            for i in 0..<3 {
                for j in 0..<3 where j != i {
                    let row = Int(neighbours.starts[Int(triangle[i])])..<Int(neighbours.starts[Int(triangle[i]) + 1])
                    if let k = row.first(where: { neighbours.others[$0] == triangle[j] }) { weights[k] += 1 }
                }
            }
        }
        return weights
    }

    private func system(_ shape: MorphableModel.ExpressionShape) -> System {
        let (mean, weights) = (model.mean, sharedTriangles)
        var system = System()
        var number = [Int32](repeating: -1, count: mean.count)
        var offsets = [SIMD3<Float>](repeating: .zero, count: mean.count)
        for (point, offset) in zip(shape.points, shape.offsets) where isSkin[Int(point)] {
            number[Int(point)] = Int32(system.points.count)
            offsets[Int(point)] = offset
            system.points.append(point)
        }
        for point in system.points {
            let row = Int(neighbours.starts[Int(point)])..<Int(neighbours.starts[Int(point) + 1])
            for k in row { system.neighbours.append(number[Int(neighbours.others[k])]) }
            system.weights += weights[row]
            system.degrees.append(weights[row].reduce(0, +))
            system.starts.append(Int32(system.neighbours.count))
        }
        for triangle in triangles {
            let own = SIMD3(number[Int(triangle.x)], number[Int(triangle.y)], number[Int(triangle.z)])
            guard own.max() >= 0 else { continue }
            system.corners.append(triangle)
            system.own.append(own)
            let (a, b, c) = (Int(triangle.x), Int(triangle.y), Int(triangle.z))
            let p = (mean[a], mean[b], mean[c])
            let q = (p.0 + offsets[a], p.1 + offsets[b], p.2 + offsets[c])
            system.gradients.append(Self.gradient(from: p, to: q))
        }
        return system
    }

    /// The linear map, less the identity, that takes a triangle's edges to another's and its normal, scaled as the
    /// paper's fourth corner, to the other's.
    private static func gradient(
        from p: (SIMD3<Float>, SIMD3<Float>, SIMD3<Float>), to q: (SIMD3<Float>, SIMD3<Float>, SIMD3<Float>)
    ) -> (SIMD3<Float>, SIMD3<Float>, SIMD3<Float>) {
        func frame(
            _ t: (SIMD3<Float>, SIMD3<Float>, SIMD3<Float>)
        ) -> (SIMD3<Float>, SIMD3<Float>, SIMD3<Float>) {
            let (a, b) = (t.1 - t.0, t.2 - t.0)
            let n = cross(a, b)
            return (a, b, n / max((n * n).sum().squareRoot(), 1e-14).squareRoot())
        }
        let (before, after) = (frame(p), frame(q))
        // Rows of the inverse of the matrix whose columns are the edges and the normal.
        let (bc, ca, ab) = (
            cross(before.1, before.2), cross(before.2, before.0), cross(before.0, before.1)
        )
        let determinant = (before.0 * bc).sum()
        guard abs(determinant) > 1e-18 else { return (.zero, .zero, .zero) }
        let (r0, r1, r2) = (bc / determinant, ca / determinant, ab / determinant)
        func column(_ c: Int) -> SIMD3<Float> {
            var unit = SIMD3<Float>.zero
            unit[c] = 1
            return after.0 * r0[c] + after.1 * r1[c] + after.2 * r2[c] - unit
        }
        return (column(0), column(1), column(2))
    }

    /// Conjugate gradients from the mean head's offsets on; three right-hand sides at once.
    private static func solve(_ s: System, neutral: [SIMD3<Float>], start: [SIMD3<Float>]) -> [SIMD3<Float>] {
        let count = s.points.count
        guard count > 0 else { return [] }
        var right = [SIMD3<Float>](repeating: .zero, count: count)
        for t in s.corners.indices {
            let g = s.gradients[t]
            for (i, j) in [(0, 1), (1, 2), (2, 0)] {
                let e = neutral[Int(s.corners[t][i])] - neutral[Int(s.corners[t][j])]
                let d = g.0 * e.x + g.1 * e.y + g.2 * e.z
                if s.own[t][i] >= 0 { right[Int(s.own[t][i])] += d }
                if s.own[t][j] >= 0 { right[Int(s.own[t][j])] -= d }
            }
        }
        func apply(_ x: [SIMD3<Float>], _ row: Int) -> SIMD3<Float> {
            var sum = x[row] * s.degrees[row]
            for k in Int(s.starts[row])..<Int(s.starts[row + 1]) where s.neighbours[k] >= 0 {
                sum -= s.weights[k] * x[Int(s.neighbours[k])]
            }
            return sum
        }
        var x = s.points.map { start[Int($0)] }
        var residual = (0..<count).map { right[$0] - apply(x, $0) }
        func scaled(_ r: [SIMD3<Float>], _ i: Int) -> SIMD3<Float> {
            r[i] / max(s.degrees[i], 1)
        }
        var direction = (0..<count).map { scaled(residual, $0) }
        var image = residual
        var rho = SIMD3<Double>.zero
        for i in 0..<count { rho += SIMD3<Double>(residual[i] * direction[i]) }
        // Some micrometres, as a mean over the points.
        let goal = Double(count) * 1e-10
        for _ in 0..<200 where rho.sum() > goal {
            var curvature = SIMD3<Double>.zero
            for i in 0..<count {
                image[i] = apply(direction, i)
                curvature += SIMD3<Double>(direction[i] * image[i])
            }
            var step = SIMD3<Float>.zero
            for c in 0..<3 where curvature[c] > 0 { step[c] = Float(rho[c] / curvature[c]) }
            var next = SIMD3<Double>.zero
            for i in 0..<count {
                x[i] += direction[i] * step
                residual[i] -= image[i] * step
                next += SIMD3<Double>(residual[i] * scaled(residual, i))
            }
            var momentum = SIMD3<Float>.zero
            for c in 0..<3 where rho[c] > 0 { momentum[c] = Float(next[c] / rho[c]) }
            for i in 0..<count { direction[i] = scaled(residual, i) + direction[i] * momentum }
            rho = next
        }
        return x
    }

    /// Connected parts of teeth, tongue and eyes.
    private static func bodies(of model: MorphableModel) -> [[Int]] {
        let triangles = triangles(of: model.topology, [.eyes, .teeth, .tongue])
        var root = Array(0..<model.mean.count)
        func find(_ start: Int) -> Int {
            var i = start
            while root[i] != i {
                root[i] = root[root[i]]
                i = root[i]
            }
            return i
        }
        for t in triangles {
            root[find(Int(t.y))] = find(Int(t.x))
            root[find(Int(t.z))] = find(Int(t.x))
        }
        let members = Set(triangles.flatMap { [Int($0.x), Int($0.y), Int($0.z)] }).sorted()
        return Dictionary(grouping: members, by: find).values.sorted { $0[0] < $1[0] }
    }

    /// The affine motion that fits a body's offsets best is applied to how the other head's body differs from the
    /// mean's about its middle: a turning eye turns about its own centre.
    private static func carry(
        _ body: [Int], _ offsets: inout [SIMD3<Float>], from mean: [SIMD3<Float>], to neutral: [SIMD3<Float>]
    ) {
        guard body.contains(where: { offsets[$0] != .zero }) else { return }
        let share = 1 / Float(body.count)
        let middle = body.reduce(SIMD3<Float>.zero) { $0 + mean[$1] } * share
        let other = body.reduce(SIMD3<Float>.zero) { $0 + neutral[$1] } * share
        let shift = body.reduce(SIMD3<Float>.zero) { $0 + offsets[$1] } * share
        // Normal equations of offset − shift ≈ A · arm.
        var rows = (SIMD3<Float>(1e-9, 0, 0), SIMD3<Float>(0, 1e-9, 0), SIMD3<Float>(0, 0, 1e-9))
        var right = (SIMD3<Float>.zero, SIMD3<Float>.zero, SIMD3<Float>.zero)
        for g in body {
            let arm = mean[g] - middle
            let d = offsets[g] - shift
            rows.0 += arm.x * arm
            rows.1 += arm.y * arm
            rows.2 += arm.z * arm
            right.0 += arm.x * d
            right.1 += arm.y * d
            right.2 += arm.z * d
        }
        let (c0, c1, c2) = (cross(rows.1, rows.2), cross(rows.2, rows.0), cross(rows.0, rows.1))
        let determinant = (rows.0 * c0).sum()
        guard abs(determinant) > 1e-24 else { return }
        // Columns of A.
        let a0 = (right.0 * c0.x + right.1 * c1.x + right.2 * c2.x) / determinant
        let a1 = (right.0 * c0.y + right.1 * c1.y + right.2 * c2.y) / determinant
        let a2 = (right.0 * c0.z + right.1 * c1.z + right.2 * c2.z) / determinant
        for g in body {
            let change = (neutral[g] - other) - (mean[g] - middle)
            offsets[g] += a0 * change.x + a1 * change.y + a2 * change.z
        }
    }
}
