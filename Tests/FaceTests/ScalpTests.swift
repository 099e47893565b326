import Face
import Foundation
import Tensors
import Testing

@Suite struct ScalpTests {
    /// The scene's scalp has the colour of its skin; where nobody saw it, no locks are drawn. Drawn ones differ by a tenth.
    @Test func aBaldScalpHasNoLocks() {
        let points = TextureTests.scene.model.mean
        var regions = HeadRegions.plain(pointCount: points.count)
        for (g, p) in points.enumerated() where p.y > 0.05 { regions.scalp[g] = 1 }
        let atlas = TextureAtlas(model: TextureTests.scene.model, size: TextureTests.size, regions: regions)
        let texture = TextureTests.accumulate(
            atlas, [TextureTests.project(TextureTests.scene, atlas, frame: 0, yaw: 0, side: 1)]
        ).texture()
        var (largest, count) = (Float(0), 0)
        let height = atlas.map.interpolated(points.map { SIMD4($0.y, $0.z, 0, 0) })
        for (i, texel) in atlas.map.texels.enumerated() {
            let t = Int(texel)
            guard height[i].x > 0.06, height[i].x < 0.1, height[i].y < -0.03, t % TextureTests.size > 4 else {
                continue
            }
            let (a, b) = (texture.albedo.values[3 * t + 1], texture.albedo.values[3 * (t - 4) + 1])
            largest = max(largest, abs(log(a / b)))
            count += 1
        }
        #expect(count > 1000 && largest < 0.04, "\(largest)")
    }
}
