internal import Foundation
internal import Tensors

/// Pictures without colours (old photographs, cameras at night): skin gets the chromaticity that skin of its luminance has, and
/// lips, cheeks and brows what the albedo model makes of their luminance.
extension TextureAccumulator {
    /// Natural log: chromaticities of faces vary by 0.11 and more, those of grey pictures hardly at all.
    private static let leastVariation: Float = 0.04

    /// Whether no view has colours.
    package var isGrey: Bool { !views.isEmpty && views.allSatisfy { variation(of: $0) < Self.leastVariation } }

    /// Root mean square departure of log (R/G) and log (B/G) from their means, over the face with its lips.
    package func variation(of view: PartialTexture) -> Float {
        var (sum, squares, total) = (SIMD2<Float>.zero, SIMD2<Float>.zero, Float(0))
        for (i, pixel) in view.coarse.pixels.enumerated() where pixel.w > 0.01 && atlas.coarseRegions[i].x > 0 {
            // Too dark or too bright to have a colour.
            guard pixel.luminance > 0.02, pixel.max3 < 0.9 else { continue }
            let p = pointwiseMax(pixel, SIMD4(repeating: 1e-3))
            let chromaticity = SIMD2(log(p.x / p.y), log(p.z / p.y))
            sum += pixel.w * chromaticity
            squares += pixel.w * chromaticity * chromaticity
            total += pixel.w
        }
        guard total > 0 else { return .infinity }
        let mean = sum / total
        return max((squares / total - mean * mean).sum(), 0).squareRoot()
    }

    /// With the luminance that was seen and the colours that go with it.
    func coloured(_ grey: FusedTexture) -> FusedTexture {
        guard let albedo else { return grey }
        let skin = SIMD4(log(grey.skin.x), log(grey.skin.y), log(grey.skin.z), 0)
        let seen = PointColours(grey, atlas: atlas)
        guard let likely = albedo.colours(ofGrey: seen, skin: skin, regions: atlas.regions) else { return grey }
        // Of luminance 1, and how far it is believed.
        let colours = likely.indices.map { g -> SIMD4<Float> in
            let colour = SIMD4(exp(likely[g].x), exp(likely[g].y), exp(likely[g].z), 0)
            var result = colour / colour.luminance
            result.w = albedo.known[g]
            return result
        }
        func coloured(_ pixel: SIMD4<Float>, _ colour: SIMD4<Float>) -> SIMD4<Float> {
            var result = pixel + (colour * pixel.luminance - pixel) * colour.w
            result.w = pixel.w
            return result
        }
        var result = grey
        let coarse = atlas.coarseMap.spread(atlas.coarseMap.interpolated(colours))
        for i in coarse.indices { result.coarse.pixels[i] = coloured(result.coarse.pixels[i], coarse[i]) }
        let fine = atlas.map.spread(atlas.map.interpolated(colours))
        for i in fine.indices { result.albedo[i] = coloured(result.albedo[i], fine[i]) }
        return result
    }
}
