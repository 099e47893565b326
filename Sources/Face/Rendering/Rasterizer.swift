/// What a z-buffer pass leaves per pixel: the nearest triangle and where on it.
package struct VisibilityBuffer: Sendable {
    package let width: Int
    package let height: Int
    /// `height × width`: number of the visible triangle, or −1.
    package var triangle: [Int32]
    /// `height × width`: perspective-correct weights of its second and third corner (the first has 1 − both).
    package var weights: [SIMD2<Float>]
    /// `height × width`: camera-space z of the surface in metres; infinite where there is none.
    package var depth: [Float]
}

/// A scan-line z-buffer of triangles in image space; sampled at pixel centres, both windings drawn.
package enum Rasterizer {
    /// - Parameters:
    ///   - positions: image x, y in pixels and camera z in metres of each corner; a triangle with z ≤ `near` is skipped.
    ///   - triangles: three corner numbers each; triangle t of the result is `triangles[3t ..< 3t + 3]`.
    ///   - cullBackFaces: skip triangles that are clockwise in the picture as seen (y down), i.e. face away.
    package static func draw(
        positions: [SIMD3<Float>], triangles: [UInt32], width: Int, height: Int, cullBackFaces: Bool = false,
        near: Float = 1e-3
    ) -> VisibilityBuffer {
        var buffer = VisibilityBuffer(
            width: width, height: height, triangle: [Int32](repeating: -1, count: width * height),
            weights: [SIMD2<Float>](repeating: .zero, count: width * height),
            depth: [Float](repeating: .infinity, count: width * height))
        for t in 0..<triangles.count / 3 {
            let a = positions[Int(triangles[3 * t])]
            let b = positions[Int(triangles[3 * t + 1])]
            let c = positions[Int(triangles[3 * t + 2])]
            guard a.z > near, b.z > near, c.z > near else { continue }
            let area = (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)
            // y points down, so a counter-clockwise (front) triangle has negative area here.
            guard area != 0, !(cullBackFaces && area > 0) else { continue }
            let minX = max(Int((min(a.x, b.x, c.x) - 0.5).rounded(.up).clamped), 0)
            let maxX = min(Int((max(a.x, b.x, c.x) - 0.5).rounded(.down).clamped), width - 1)
            let minY = max(Int((min(a.y, b.y, c.y) - 0.5).rounded(.up).clamped), 0)
            let maxY = min(Int((max(a.y, b.y, c.y) - 0.5).rounded(.down).clamped), height - 1)
            guard minX <= maxX, minY <= maxY else { continue }
            let inverseArea = 1 / area
            let inverseZ = SIMD3(1 / a.z, 1 / b.z, 1 / c.z)
            for y in minY...maxY {
                let py = Float(y) + 0.5
                for x in minX...maxX {
                    let px = Float(x) + 0.5
                    let wb = ((px - a.x) * (c.y - a.y) - (c.x - a.x) * (py - a.y)) * inverseArea
                    let wc = ((b.x - a.x) * (py - a.y) - (px - a.x) * (b.y - a.y)) * inverseArea
                    let wa = 1 - wb - wc
                    guard wa >= 0, wb >= 0, wc >= 0 else { continue }
                    let z = 1 / (wa * inverseZ.x + wb * inverseZ.y + wc * inverseZ.z)
                    let at = y * width + x
                    guard z < buffer.depth[at] else { continue }
                    buffer.depth[at] = z
                    buffer.triangle[at] = Int32(t)
                    buffer.weights[at] = SIMD2(wb * inverseZ.y * z, wc * inverseZ.z * z)
                }
            }
        }
        return buffer
    }
}

extension Float {
    /// Within what an `Int` of a picture size can hold; NaN becomes 0.
    fileprivate var clamped: Float { isNaN ? 0 : Swift.min(Swift.max(self, -1e6), 1e6) }
}
