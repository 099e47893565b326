package import Tensors

/// Where each texel of a texture comes from, as shares that sum to 1: *seen* by a camera, *refined* (seen, with octaves
/// synthesized on top that the camera did not resolve) and *inferred* (not seen: mirrored, smooth or synthesized).
package struct TexelOrigins: Sendable {
    /// The three shares of a texel or of many; they sum to 1.
    package struct Shares: Sendable, Equatable {
        package var seen: Double
        package var refined: Double
        package var inferred: Double

        package init(seen: Double, refined: Double, inferred: Double) {
            self.seen = seen
            self.refined = refined
            self.inferred = inferred
        }
    }

    /// What a synthesis put on skin that was seen.
    package struct Refinement: Sendable {
        /// `size × size`, 0...1: how far the texel is skin that synthesis works on.
        var skin: [Float]
        /// 0...1: how far the camera left the finest synthesized octave unresolved.
        package var unresolved: Float

        package init(skin: [Float], unresolved: Float) {
            self.skin = skin
            self.unresolved = unresolved
        }
    }

    /// Texels along one side.
    package let size: Int
    /// `size × size`, 0...1.
    private let refined: ByteShares
    private let inferred: ByteShares

    /// - Parameter refinement: `nil` where nothing was synthesized.
    package init(of texture: Texture, refinement: Refinement? = nil) {
        let evidence = texture.evidence
        size = texture.albedo.width
        inferred = ByteShares(evidence.map { 1 - $0 })
        guard let refinement, refinement.unresolved > 0 else {
            refined = ByteShares(count: evidence.count)
            return
        }
        precondition(
            refinement.skin.count == evidence.count, "refinement of \(refinement.skin.count) texels for \(size)²")
        refined = ByteShares(zip(evidence, refinement.skin).map { $0 * $1 * refinement.unresolved })
    }

    /// Means over some texels, by their numbers `y * size + x`; all inferred where there are none.
    package func shares(of texels: [Int]) -> Shares {
        guard !texels.isEmpty else { return Shares(seen: 0, refined: 0, inferred: 1) }
        let count = Double(texels.count)
        let refined = texels.reduce(0) { $0 + Double(self.refined[$1]) } / count
        let inferred = texels.reduce(0) { $0 + Double(self.inferred[$1]) } / count
        return Shares(seen: max(1 - refined - inferred, 0), refined: refined, inferred: inferred)
    }

    /// RGB, `size × size`, no light but numbers: red inferred, green seen, blue refined; the three sum to 255.
    package func image() -> Image {
        var image = Image(width: size, height: size, channels: 3)
        for i in 0..<size * size {
            let red = Int(inferred[i] * 255 + 0.5)
            let blue = min(Int(refined[i] * 255 + 0.5), 255 - red)
            image.bytes[3 * i] = UInt8(red)
            image.bytes[3 * i + 1] = UInt8(255 - red - blue)
            image.bytes[3 * i + 2] = UInt8(blue)
        }
        return image
    }
}
