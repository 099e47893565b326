/// Which points share an edge: compressed rows, ascending.
package struct PointNeighbours: Sendable {
    /// G + 1.
    let starts: [Int32]
    let others: [UInt32]

    package init(triangles: [UInt32], pointCount: Int) {
        var edges: [UInt64] = []
        for t in stride(from: 0, to: triangles.count, by: 3) {
            for (i, j) in [(0, 1), (1, 2), (2, 0)] {
                let (a, b) = (UInt64(triangles[t + i]), UInt64(triangles[t + j]))
                edges.append(a << 32 | b)
                edges.append(b << 32 | a)
            }
        }
        edges.sort()
        var starts = [Int32](repeating: 0, count: pointCount + 1)
        var others: [UInt32] = []
        var previous: UInt64 = .max
        for edge in edges where edge != previous {
            previous = edge
            others.append(UInt32(truncatingIfNeeded: edge))
            starts[Int(edge >> 32) + 1] += 1
        }
        for g in 0..<pointCount { starts[g + 1] += starts[g] }
        self.starts = starts
        self.others = others
    }
}

extension PointNeighbours {
    /// Per entry of `others`: 1 between points that are alike, towards 0 the more they differ (Perona and Malik 1990).
    /// - Parameters:
    ///   - kinds: G.
    ///   - tolerance: a difference of so much halves it.
    package func conductances(_ kinds: [Float], tolerance: Float) -> [Float] {
        precondition(kinds.count == starts.count - 1, "\(kinds.count) kinds for \(starts.count - 1) points")
        return kinds.indices.flatMap { g in
            others[Int(starts[g])..<Int(starts[g + 1])].map { other in
                let difference = (kinds[g] - kinds[Int(other)]) / tolerance
                return 1 / (1 + difference * difference)
            }
        }
    }

    /// The smooth values that keep to `values` as strongly as `weights` say: minimizes
    /// Σ weight·|x − value|² + Σ over edges conductance·|x_a − x_b|², by conjugate gradients. Over the surface, so UV seams
    /// do not exist for it. Islands without any weight keep their start value.
    /// - Parameters:
    ///   - values: G targets, also the start; the fourth component is carried like the others.
    ///   - weights: G, ≥ 0; 0 where nothing is known, ≫ 1 where the value is to be kept.
    ///   - conductances: see `conductances`; 1 when not given.
    package func diffused(
        _ values: [SIMD4<Float>], weights: [Float], conductances: [Float]? = nil, iterations: Int = 120
    ) -> [SIMD4<Float>] {
        let count = starts.count - 1
        precondition(values.count == count && weights.count == count, "\(values.count) values for \(count) points")
        let conductances = conductances ?? [Float](repeating: 1, count: others.count)
        precondition(conductances.count == others.count, "\(conductances.count) conductances of \(others.count) edges")
        /// What holds each point: its own value and its neighbours.
        let holds = weights.indices.map { g in
            conductances[Int(starts[g])..<Int(starts[g + 1])].reduce(weights[g], +)
        }
        var x = values
        var residual = [SIMD4<Float>](repeating: .zero, count: count)
        var direction = residual
        var image = residual
        func apply(_ v: [SIMD4<Float>], into result: inout [SIMD4<Float>]) {
            v.withUnsafeBufferPointer { v in
                result.withUnsafeMutableBufferPointer { result in
                    others.withUnsafeBufferPointer { others in
                        conductances.withUnsafeBufferPointer { conductances in
                            for g in 0..<count {
                                var sum = v[g] * holds[g]
                                for k in Int(starts[g])..<Int(starts[g + 1]) {
                                    sum -= conductances[k] * v[Int(others[k])]
                                }
                                result[g] = sum
                            }
                        }
                    }
                }
            }
        }
        // Jacobi-preconditioned; the four channels share the matrix and keep their own step lengths.
        let inverse = holds.map { 1 / max($0, 1e-6) }
        apply(x, into: &image)
        var rho = SIMD4<Double>.zero
        for g in 0..<count {
            residual[g] = values[g] * weights[g] - image[g]
            direction[g] = residual[g] * inverse[g]
            rho += SIMD4<Double>(residual[g] * direction[g])
        }
        let goal = rho * 1e-9
        for _ in 0..<iterations {
            apply(direction, into: &image)
            var curvature = SIMD4<Double>.zero
            for g in 0..<count { curvature += SIMD4<Double>(direction[g] * image[g]) }
            var step = SIMD4<Float>.zero
            for c in 0..<4 where curvature[c] > 0 { step[c] = Float(rho[c] / curvature[c]) }
            var next = SIMD4<Double>.zero
            for g in 0..<count {
                x[g] += direction[g] * step
                residual[g] -= image[g] * step
                next += SIMD4<Double>(residual[g] * residual[g] * inverse[g])
            }
            var momentum = SIMD4<Float>.zero
            for c in 0..<4 where rho[c] > 0 { momentum[c] = Float(next[c] / rho[c]) }
            for g in 0..<count { direction[g] = residual[g] * inverse[g] + direction[g] * momentum }
            rho = next
            if rho.x <= goal.x, rho.y <= goal.y, rho.z <= goal.z, rho.w <= goal.w { break }
        }
        return x
    }
}
