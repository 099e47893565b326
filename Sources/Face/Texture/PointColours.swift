internal import Foundation
internal import Tensors

/// The smooth colours of one head's points, so far as they were seen: what unseen places are filled from.
package struct PointColours: Sendable {
    /// G: natural log of linear red, green and blue; 0 where nothing was seen.
    package var values: [SIMD4<Float>]
    /// G, 0...1.
    package var seen: [Float]

    package init(values: [SIMD4<Float>], seen: [Float]) {
        precondition(values.count == seen.count, "\(values.count) colours, \(seen.count) of them seen")
        (self.values, self.seen) = (values, seen)
    }

    /// Means over the coarse texels around each point.
    package init(_ fused: FusedTexture, atlas: TextureAtlas) {
        self.init(coarse: fused.coarse, atlas: atlas)
    }

    /// - Parameter coarse: (size / 4)² linear colours, w = how well each was seen, 0...1.
    init(coarse: Plane, atlas: TextureAtlas) {
        let count = atlas.model.topology.pointCount
        var sums = [SIMD4<Float>](repeating: .zero, count: count)
        var shares = [Float](repeating: 0, count: count)
        let map = atlas.coarseMap
        func add(_ g: UInt32, _ w: Float, _ value: SIMD4<Float>, _ seen: Float) {
            guard w > 0.1 else { return }
            let v = SIMD4(value.x, value.y, value.z, 1) * (w * seen)
            sums[Int(g)] += v
            shares[Int(g)] += w
        }
        for i in map.texels.indices {
            let pixel = coarse.pixels[Int(map.texels[i])]
            let (corner, w) = (map.corners[i], map.weights[i])
            let coded = SIMD4(
                log(max(pixel.x, 0.002)), log(max(pixel.y, 0.002)), log(max(pixel.z, 0.002)), 0)
            add(corner.x, 1 - w.x - w.y, coded, pixel.w)
            add(corner.y, w.x, coded, pixel.w)
            add(corner.z, w.y, coded, pixel.w)
        }
        var values = [SIMD4<Float>](repeating: .zero, count: count)
        var seen = [Float](repeating: 0, count: count)
        for g in 0..<count where sums[g].w > 1e-4 {
            values[g] = sums[g] / sums[g].w
            values[g].w = 0
            seen[g] = min(sums[g].w / shares[g], 1)
        }
        self.init(values: values, seen: seen)
    }
}
