/// How the skin's texture coordinates lie on the surface: from slopes over the atlas to slopes in metres along glTF's tangent
/// (MikkTSpace's: along u, in the surface) and bitangent (across it, on the side against v).
enum SkinFrames {
    /// Metres per unit of u or v that no place falls below, so that pinched triangles do not blow slopes up.
    private static let shortest: Float = 0.02

    /// Per occupied texel the factors of `slope`: 1/a, c/(a·b) and 1/b, per texel, where a is the length of ∂p/∂u, and c and b
    /// the parts of ∂p/∂v along the tangent and across it, metres.
    static func frames(model: MorphableModel, map: TexelMap) -> [SIMD3<Float>] {
        let topology = model.topology
        let triangles = topology.parts.first { $0.material == .skin }?.triangles ?? []
        var (alongU, alongV) = (
            [SIMD3<Float>](repeating: .zero, count: topology.vertexCount),
            [SIMD3<Float>](repeating: .zero, count: topology.vertexCount)
        )
        for t in stride(from: 0, to: triangles.count, by: 3) {
            let v = (0..<3).map { Int(triangles[t + $0]) }
            let p = v.map { model.mean[Int(topology.pointOfVertex[$0])] }
            let (e, f) = (p[1] - p[0], p[2] - p[0])
            let (d, g) = (topology.uv[v[1]] - topology.uv[v[0]], topology.uv[v[2]] - topology.uv[v[0]])
            let area = d.x * g.y - d.y * g.x
            guard abs(area) > 1e-12 else { continue }
            // Weighted by the triangle's share of the atlas.
            let sign: Float = area > 0 ? 1 : -1
            for corner in v {
                alongU[corner] += (e * g.y - f * d.y) * sign
                alongV[corner] += (f * d.x - e * g.x) * sign
            }
        }
        var weights = [Float](repeating: 0, count: topology.vertexCount)
        for t in stride(from: 0, to: triangles.count, by: 3) {
            let uv = (0..<3).map { topology.uv[Int(triangles[t + $0])] }
            let (d, g) = (uv[1] - uv[0], uv[2] - uv[0])
            for corner in 0..<3 { weights[Int(triangles[t + corner])] += abs(d.x * g.y - d.y * g.x) }
        }
        return map.texels.indices.map { i in
            let (t, w) = (3 * Int(map.triangles[i]), map.weights[i])
            func mean(_ values: [SIMD3<Float>]) -> SIMD3<Float> {
                func value(_ corner: Int) -> SIMD3<Float> {
                    let v = Int(triangles[t + corner])
                    return values[v] / max(weights[v], 1e-12)
                }
                return value(0) * (1 - w.x - w.y) + value(1) * w.x + value(2) * w.y
            }
            let (u, v) = (mean(alongU), mean(alongV))
            let a = max((u * u).sum().squareRoot(), shortest)
            let tangent = u / a
            let c = (v * tangent).sum()
            let across = v - tangent * c
            let b = max((across * across).sum().squareRoot(), shortest)
            return SIMD3(1, c / b, 1) * Float(map.size) / SIMD3(a, a, b)
        }
    }

    /// Slope along tangent and bitangent, metres per metre.
    /// - Parameters:
    ///   - u, v: metres of height per texel to the right and down.
    static func slope(_ u: Float, _ v: Float, _ frame: SIMD3<Float>) -> SIMD2<Float> {
        SIMD2(u * frame.x, u * frame.y - v * frame.z)
    }
}
