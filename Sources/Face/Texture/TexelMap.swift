/// Where each texel of one material's atlas lies on the surface; computed once per topology and size.
///
/// A texel is *occupied* when its centre lies inside a UV triangle. Arrays named per texel run over the occupied ones
/// in ascending order of their number `y * size + x`.
package struct TexelMap: Sendable {
    package let size: Int
    /// T: numbers of the occupied texels, ascending.
    package let texels: [UInt32]
    /// T: points at the corners of the texel's triangle.
    package let corners: [SIMD3<UInt32>]
    /// T: weights of the second and third corner (the first has 1 − both).
    package let weights: [SIMD2<Float>]
    /// T: number of the triangle in its part.
    package let triangles: [UInt32]
    /// T: where the mirrored place of the face lies, in texels (centres at +0.5); NaN where there is none.
    package let mirror: [SIMD2<Float>]
    /// `size × size`: index (0..<T) of the texel itself or of the nearest occupied one; fills gutters, so that mip-maps
    /// and bilinear look-ups never meet an empty texel. Empty when no texel is occupied.
    package let nearest: [UInt32]

    package init(topology: Topology, material: Topology.Material = .skin, size: Int) {
        self.size = size
        let part = topology.parts.first { $0.material == material }?.triangles ?? []
        let scale = Float(size)
        let positions = topology.uv.map { SIMD3($0.x * scale, $0.y * scale, 1) }
        let drawn = Rasterizer.draw(positions: positions, triangles: part, width: size, height: size)
        let mirrorUV = Self.mirroredCorners(topology: topology, triangles: part)

        var texels: [UInt32] = []
        var corners: [SIMD3<UInt32>] = []
        var weights: [SIMD2<Float>] = []
        var triangles: [UInt32] = []
        var mirror: [SIMD2<Float>] = []
        let count = drawn.triangle.count { $0 >= 0 }
        texels.reserveCapacity(count)
        corners.reserveCapacity(count)
        weights.reserveCapacity(count)
        triangles.reserveCapacity(count)
        mirror.reserveCapacity(count)
        for at in 0..<size * size where drawn.triangle[at] >= 0 {
            let t = Int(drawn.triangle[at])
            let w = drawn.weights[at]
            texels.append(UInt32(at))
            corners.append(
                SIMD3(
                    topology.pointOfVertex[Int(part[3 * t])], topology.pointOfVertex[Int(part[3 * t + 1])],
                    topology.pointOfVertex[Int(part[3 * t + 2])]))
            weights.append(w)
            triangles.append(UInt32(t))
            let a = mirrorUV[3 * t]
            let place = a + (mirrorUV[3 * t + 1] - a) * w.x + (mirrorUV[3 * t + 2] - a) * w.y
            mirror.append(place * scale)
        }
        nearest = Self.nearest(texels: texels, size: size)
        self.texels = texels
        self.corners = corners
        self.weights = weights
        self.triangles = triangles
        self.mirror = mirror
    }

    /// A value per point, interpolated to the T occupied texels.
    package func interpolated(_ values: [SIMD4<Float>]) -> [SIMD4<Float>] {
        var result = [SIMD4<Float>](repeating: .zero, count: texels.count)
        values.withUnsafeBufferPointer { values in
            corners.withUnsafeBufferPointer { corners in
                for i in corners.indices {
                    let corner = corners[i]
                    let w = weights[i]
                    let a = values[Int(corner.x)]
                    result[i] = a + (values[Int(corner.y)] - a) * w.x + (values[Int(corner.z)] - a) * w.y
                }
            }
        }
        return result
    }

    /// A value per occupied texel, spread to `size × size` with gutters from the nearest occupied texel.
    package func spread(_ values: [SIMD4<Float>]) -> [SIMD4<Float>] {
        precondition(values.count == texels.count, "\(values.count) values for \(texels.count) texels")
        return nearest.isEmpty
            ? [SIMD4<Float>](repeating: .zero, count: size * size) : nearest.map { values[Int($0)] }
    }

    /// A value per point, interpolated to each occupied texel in turn, ascending: as a map would give it, in a strip's memory.
    static func eachPlace(
        of values: [SIMD4<Float>], topology: Topology, material: Topology.Material = .skin, size: Int,
        _ body: (_ texel: Int, _ value: SIMD4<Float>) -> Void
    ) {
        let part = topology.parts.first { $0.material == material }?.triangles ?? []
        let (scale, strip) = (Float(size), min(size, 256))
        for top in stride(from: 0, to: size, by: strip) {
            let positions = topology.uv.map { SIMD3($0.x * scale, $0.y * scale - Float(top), 1) }
            let rows = min(strip, size - top)
            let drawn = Rasterizer.draw(positions: positions, triangles: part, width: size, height: rows)
            for at in drawn.triangle.indices where drawn.triangle[at] >= 0 {
                let (t, w) = (3 * Int(drawn.triangle[at]), drawn.weights[at])
                let a = values[Int(topology.pointOfVertex[Int(part[t])])]
                let b = values[Int(topology.pointOfVertex[Int(part[t + 1])])]
                let c = values[Int(topology.pointOfVertex[Int(part[t + 2])])]
                body(top * size + at, a + (b - a) * w.x + (c - a) * w.y)
            }
        }
    }

    /// Per corner of each triangle the texture coordinate of its mirrored point. A point on a seam has several; the
    /// three that lie closest together are one triangle's. NaN where they still straddle a seam.
    private static func mirroredCorners(topology: Topology, triangles: [UInt32]) -> [SIMD2<Float>] {
        var used = [Bool](repeating: false, count: topology.vertexCount)
        for v in triangles { used[Int(v)] = true }
        var verticesOfPoint = [[UInt32]](repeating: [], count: topology.pointCount)
        for v in 0..<topology.vertexCount where used[v] {
            verticesOfPoint[Int(topology.pointOfVertex[v])].append(UInt32(v))
        }
        var result = [SIMD2<Float>](repeating: SIMD2(.nan, .nan), count: triangles.count)
        func length(_ d: SIMD2<Float>) -> Float { (d * d).sum().squareRoot() }
        for t in stride(from: 0, to: triangles.count, by: 3) {
            let own = (0..<3).map { topology.uv[Int(triangles[t + $0])] }
            let candidates = (0..<3).map { corner in
                verticesOfPoint[
                    Int(topology.mirrorOfPoint[Int(topology.pointOfVertex[Int(triangles[t + corner])])])]
            }
            let limit = 3 * (length(own[1] - own[0]) + length(own[2] - own[1]) + length(own[0] - own[2])) + 1e-3
            var best = limit
            for a in candidates[0] {
                for b in candidates[1] {
                    for c in candidates[2] {
                        let (ua, ub, uc) = (topology.uv[Int(a)], topology.uv[Int(b)], topology.uv[Int(c)])
                        let spread = length(ub - ua) + length(uc - ub) + length(ua - uc)
                        if spread < best {
                            best = spread
                            result[t] = ua
                            result[t + 1] = ub
                            result[t + 2] = uc
                        }
                    }
                }
            }
        }
        return result
    }

    /// Breadth-first from all occupied texels, eight neighbours.
    private static func nearest(texels: [UInt32], size: Int) -> [UInt32] {
        guard !texels.isEmpty else { return [] }
        var nearest = [UInt32](repeating: .max, count: size * size)
        var queue = [UInt32](repeating: 0, count: size * size)
        var tail = 0
        for (i, texel) in texels.enumerated() {
            nearest[Int(texel)] = UInt32(i)
            queue[tail] = texel
            tail += 1
        }
        var head = 0
        let steps = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)]
        while head < tail {
            let at = Int(queue[head])
            head += 1
            let (x, y) = (at % size, at / size)
            for (dx, dy) in steps where x + dx >= 0 && x + dx < size && y + dy >= 0 && y + dy < size {
                let next = at + dy * size + dx
                guard nearest[next] == .max else { continue }
                nearest[next] = nearest[at]
                queue[tail] = UInt32(next)
                tail += 1
            }
        }
        return nearest
    }
}
