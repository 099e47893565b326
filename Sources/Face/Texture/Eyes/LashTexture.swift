internal import Foundation
package import Tensors

/// The atlas of the lashes: dark hairs with alpha on strips that grow from the lids.
package enum LashTexture {
    /// RGBA, straight alpha. Roots are where the strip lies closest to the skin; hairs thin out towards the tips. Those of
    /// the lower lid are short and sparse, as they are on people: the strips are as wide as the upper ones.
    package static func image(model: MorphableModel, size: Int = 512) -> Image {
        let topology = model.topology
        let map = TexelMap(topology: topology, material: .lashes, size: size)
        let lashes = points(topology, .lashes)
        // Only skin near the eyes can hold roots.
        let skin = points(topology, .skin).map { model.mean[Int($0)] }
        var coordinates = [SIMD4<Float>](repeating: .zero, count: topology.pointCount)
        var longest: Float = 1e-4
        for g in lashes {
            let p = model.mean[Int(g)]
            var nearest = Float.infinity
            for q in skin { nearest = min(nearest, ((p - q) * (p - q)).sum()) }
            longest = max(longest, nearest.squareRoot())
            coordinates[Int(g)] = SIMD4(p.x, p.y, nearest.squareRoot(), 0)
        }
        let eyes = points(topology, .eyes)
        let level = eyes.reduce(Float(0)) { $0 + model.mean[Int($1)].y } / Float(max(eyes.count, 1))
        var image = Image(width: size, height: size, channels: 4)
        let alphas = map.interpolated(coordinates).map { c -> SIMD4<Float> in
            let lower = min(max((level - c.y) / 0.002 + 0.5, 0), 1)
            let height = min(c.z / longest, 1) / (1 - 0.55 * lower)
            var alpha: Float = 0
            for layer in 0..<2 {
                let spacing: Float = layer == 0 ? 0.0010 : 0.0014
                // Hairs lean outwards and come in unequal lengths.
                let s = (abs(c.x) - 0.006 * height * height) / spacing + 0.37 * Float(layer)
                let strand = s.rounded(.down)
                let random = (sin(strand * 12.9898 + Float(layer) * 78.233) * 43758.547)
                let share = random - random.rounded(.down)
                // Every other hair of the lower lid is missing.
                guard share > 0.5 * lower else { continue }
                let length = 0.45 + 0.55 * share
                let taper = max(1 - height / length, 0)
                let off = abs(s - strand - 0.5)
                let width = 0.22 * taper
                alpha = max(alpha, min(max((width - off) / 0.15 + 0.5, 0), 1) * min(taper * 3, 1))
            }
            alpha *= 1 - 0.5 * lower
            return SIMD4(alpha, 0, 0, 0)
        }
        for (at, a) in map.spread(alphas).enumerated() {
            image.bytes[4 * at] = 28
            image.bytes[4 * at + 1] = 20
            image.bytes[4 * at + 2] = 17
            image.bytes[4 * at + 3] = UInt8(min(max(a.x * 0.85, 0), 1) * 255)
        }
        return image
    }

    private static func points(_ topology: Topology, _ material: Topology.Material) -> [UInt32] {
        let part = topology.parts.first { $0.material == material }?.triangles ?? []
        return Set(part.map { topology.pointOfVertex[Int($0)] }).sorted()
    }
}
