internal import Foundation
package import Tensors

/// How skin reflects light beside its colour: glTF's normal and metallic-roughness textures, in the atlas of the skin.
package struct SkinMaps: Sendable, Equatable {
    /// RGB, numbers and no light: tangent-space normals as glTF has them, 2 · code / 255 − 1. +X runs along u, +Y against v
    /// (up in the picture), +Z out of the skin; slopes are 1 / `normalScale` times as steep as the skin's.
    package var normals: Image
    /// RGB, numbers and no light: green is roughness, blue metal (none), red without meaning.
    package var roughness: Image

    /// glTF's `normalTexture.scale`: pores are so shallow that 8 bits would round their true slopes to a few steps.
    package static let normalScale: Float = 0.25

    package init(normals: Image, roughness: Image) {
        precondition(normals.channels == 3 && roughness.channels == 3, "maps are RGB")
        self.normals = normals
        self.roughness = roughness
    }
}

/// Makes skin maps of textures; what is the same for all faces is made once.
///
/// Relief is mesoscopic augmentation (Beeler et al. 2010): log luma less its local mean is taken for height, dark
/// is deep. It fades out towards hair, brows, eyes, lips and inner surfaces. Heights are metres and slopes are taken along
/// the surface of the mean head, so that strength does not depend on the atlas.
package struct SkinMapper: Sendable {
    /// Texels along one side of the maps.
    package let size: Int
    private let map: TexelMap
    /// Per occupied texel: see `Frame`.
    private let frames: [SIMD3<Float>]
    /// Per occupied texel: how far it is plain skin (0...1), roughness.
    private let surface: [SIMD2<Float>]

    /// Metres of height per unit of log luma. A pore a tenth darker than its surroundings is 20 µm deep: modest, since a
    /// freckle is no hole.
    package static let depth: Float = 0.0002
    /// Local means reach over about this much of the map (standard deviation): 3 mm of face.
    private static let reach: Float = 0.008
    /// Log luma departs from its mean by at most so much: lashes and the rims of nostrils are no relief.
    private static let limit: Float = 0.25
    /// The steepest slope, against sparkle.
    private static let steepest: Float = 0.2
    /// Roughness per unit of log luma: the dark of pores is rougher.
    private static let grain: Float = -0.2

    /// - Parameter size: a divisor of the atlas' own; half of it when not given.
    package init(atlas: TextureAtlas, size: Int? = nil) {
        let size = size ?? atlas.size / 2
        precondition(size > 1 && atlas.size % size == 0, "maps of \(size)² for an atlas of \(atlas.size)²")
        self.size = size
        let model = atlas.model
        map = size == atlas.size ? atlas.map : TexelMap(topology: model.topology, size: size)
        frames = SkinFrames.frames(model: model, map: map)
        let regions = atlas.regions
        let roughness = SkinRoughness.points(model: model, regions: regions)
        surface = map.interpolated(
            model.mean.indices.map { g in
                let plain = regions.interior[g] == .none ? max(0, 1 - 2 * regions.feature[g] - 2 * regions.scalp[g]) : 0
                return SIMD4(plain, roughness[g], 0, 0)
            }
        ).map { SIMD2(min(max(($0.x - 0.3) / 0.6, 0), 1), $0.y) }
    }

    /// - Parameter texture: of the atlas' size.
    package func maps(of texture: Texture) -> SkinMaps {
        let relief = relief(of: texture)
        let heights =
            map.nearest.isEmpty ? [Float](repeating: 0, count: size * size) : map.nearest.map { relief[Int($0)] }
        var codes = [SIMD4<Float>](repeating: .zero, count: map.texels.count)
        for i in map.texels.indices {
            let (x, y) = (Int(map.texels[i]) % size, Int(map.texels[i]) / size)
            func height(_ dx: Int, _ dy: Int) -> Float {
                heights[min(max(y + dy, 0), size - 1) * size + min(max(x + dx, 0), size - 1)]
            }
            // Sobel's operator: a central difference, smoothed across.
            let right = height(1, -1) + 2 * height(1, 0) + height(1, 1)
            let left = height(-1, -1) + 2 * height(-1, 0) + height(-1, 1)
            let below = height(-1, 1) + 2 * height(0, 1) + height(1, 1)
            let above = height(-1, -1) + 2 * height(0, -1) + height(1, -1)
            var slope = SkinFrames.slope((right - left) / 8, (below - above) / 8, frames[i])
            let length = (slope * slope).sum().squareRoot()
            slope *= min(1, Self.steepest / max(length, 1e-9)) / SkinMaps.normalScale
            // The normal leans away from where it goes up.
            let normal = SIMD3(-slope.x, -slope.y, 1) / (1 + (slope * slope).sum()).squareRoot()
            let detail = relief[i] / Self.depth
            let rough = min(max(surface[i].y + Self.grain * detail, 0.05), 1)
            codes[i] = SIMD4((normal.x + 1) / 2, (normal.y + 1) / 2, (normal.z + 1) / 2, rough)
        }
        return images(map.spread(codes))
    }

    private func images(_ codes: [SIMD4<Float>]) -> SkinMaps {
        var normals = Image(width: size, height: size, channels: 3)
        var roughness = Image(width: size, height: size, channels: 3)
        for (i, code) in codes.enumerated() {
            // No texel at all: flat.
            let code = code.z == 0 ? SIMD4(0.5, 0.5, 1, 0.5) : code
            // A flat normal lies between two codes: always the upper one, whatever rounding left.
            let bytes = pointwiseMin(code * 255 + 0.501, SIMD4(repeating: 255))
            for c in 0..<3 { normals.bytes[3 * i + c] = UInt8(bytes[c]) }
            roughness.bytes[3 * i] = 255
            roughness.bytes[3 * i + 1] = UInt8(bytes.w)
        }
        return SkinMaps(normals: normals, roughness: roughness)
    }

    /// Per occupied texel: height in metres over the local mean.
    private func relief(of texture: Texture) -> [Float] {
        let own = texture.albedo.width
        precondition(own % size == 0, "texture of \(own)² for maps of \(size)²")
        let step = own / size
        let albedo = texture.albedo.values
        // A mean is smooth: half the size will do, at a quarter of the memory.
        let half = size / 2
        var plane = Plane(width: half, height: half)
        var log = [Float](repeating: 0, count: map.texels.count)
        for i in map.texels.indices {
            let at = Int(map.texels[i])
            var luma: Float = 0
            for y in at / size * step..<(at / size + 1) * step {
                for texel in y * own + at % size * step..<y * own + (at % size + 1) * step {
                    luma += 0.2126 * albedo[3 * texel] + 0.7152 * albedo[3 * texel + 1] + 0.0722 * albedo[3 * texel + 2]
                }
            }
            log[i] = logf(max(luma / Float(step * step), 0.002))
            plane.pixels[at / size / 2 * half + at % size / 2] += SIMD4(log[i] * surface[i].x, surface[i].x, 0, 0)
        }
        let mean = DetailMap.enlarged(
            plane.blurred(radius: max(Int(Float(half) * Self.reach), 1)).pixels.map { $0.y > 1e-6 ? $0.x / $0.y : 0 },
            size: half)
        return map.texels.indices.map { i in
            guard surface[i].x > 0 else { return 0 }
            return Self.depth * surface[i].x * Self.limit * tanhf((log[i] - mean[Int(map.texels[i])]) / Self.limit)
        }
    }
}
