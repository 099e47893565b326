internal import Foundation
internal import Tensors

/// What nobody saw of the scalp: natural logarithms of linear colours.
struct UsualHair {
    let colour: SIMD4<Float>
    /// G: on the head's outline, as bright as `colour` on the whole; w, 0...1, how far it counts.
    let outline: [SIMD4<Float>]
}

extension TextureAccumulator {
    /// Fewer points or texels do not say it.
    private static let fewest = 100

    /// - Parameter skin: logarithms, of the seen face.
    func usualHair(_ fused: FusedTexture, skin: SIMD4<Float>) -> UsualHair {
        let scalp = atlas.regions.scalp
        let onOutline = fused.hair.indices.compactMap { g -> SIMD4<Float>? in
            let colour = fused.hair[g]
            return colour.w > 0 && scalp[g] > 0.9 ? SIMD4(colour.x, colour.y, colour.z, 0) : nil
        }
        let (around, above) = (Self.darkerMiddle(onOutline), Self.darkerMiddle(scalpColours(fused)))
        // What was seen of the scalp itself is surer, but often is forehead; whichever is no skin.
        func departure(_ colour: SIMD4<Float>?) -> Float { colour.map { abs($0.y - skin.y) } ?? -1 }
        // Too little of either to say: dark brown, the commonest.
        let usual = SIMD4<Float>(log(0.045), log(0.028), log(0.018), 0)
        let colour = (departure(above) > departure(around) ? above : around) ?? usual
        let shift = around.map { colour - $0 } ?? .zero
        return UsualHair(
            colour: colour,
            outline: fused.hair.indices.map { g in
                let own = fused.hair[g]
                guard own.w > 0 else { return .zero }
                var result = own + shift
                // What is lighter is gloss, or bare skin: half of each.
                let gloss = 0.5 * max(result.y - colour.y, 0)
                result -= SIMD4(repeating: gloss)
                result.w = min(own.w, 1) * scalp[g]
                return result
            })
    }

    /// The lighter half has gloss, skin between locks, and background at a view's rim in it.
    private static func darkerMiddle(_ colours: [SIMD4<Float>]) -> SIMD4<Float>? {
        guard colours.count >= fewest else { return nil }
        let sorted = colours.sorted { $0.y < $1.y }
        let darker = sorted[sorted.count / 4..<sorted.count / 2]
        return darker.reduce(.zero, +) / Float(darker.count)
    }

    /// What was seen of the scalp, each as often as it is sure.
    private func scalpColours(_ fused: FusedTexture) -> [SIMD4<Float>] {
        var result: [SIMD4<Float>] = []
        for (i, texel) in atlas.coarseMap.texels.enumerated() where i % 3 == 0 {
            let at = Int(texel)
            guard atlas.coarseRegions[at].z > 0.9, fused.coarse.pixels[at].w > 0.5 else { continue }
            let pixel = pointwiseMax(fused.coarse.pixels[at], SIMD4(repeating: 0.002))
            let colour = SIMD4(log(pixel.x), log(pixel.y), log(pixel.z), 0)
            for _ in 0..<min(Int(fused.confidence[at] * 20), 10) { result.append(colour) }
        }
        return result
    }
}
