import Face
import Tensors
import Testing

/// Shares of seen, refined and inferred texels. Truth: textures half of which was seen.
@Suite struct TexelOriginsTests {
    private static let size = 64
    private static let all = Array(0..<size * size)

    /// The left part of each row has one confidence, the rest none.
    private static func texture(confidence: Float, columns: Int) -> Texture {
        Texture(
            albedo: FloatImage(width: size, height: size, channels: 3, filledWith: 0.4),
            confidence: FloatImage(
                width: size, height: size, channels: 1, values: all.map { $0 % size < columns ? confidence : 0 }))
    }

    @Test func halfSeenIsHalfSeenAndHalfInferred() {
        let origins = TexelOrigins(of: Self.texture(confidence: 0.9, columns: Self.size / 2))
        #expect(origins.shares(of: Self.all) == .init(seen: 0.5, refined: 0, inferred: 0.5))
        #expect(origins.shares(of: Self.all.filter { $0 % Self.size < 16 }).seen == 1)
        #expect(origins.shares(of: []) == .init(seen: 0, refined: 0, inferred: 1))
        let image = origins.image()
        #expect(Array(image.bytes[0..<3]) == [0, 255, 0])
        #expect(Array(image.bytes[3 * (Self.size - 1)..<3 * Self.size]) == [255, 0, 0])
    }

    /// Synthesis works on the upper half; the camera left three quarters of its finest octave unresolved.
    @Test func whatTheCameraDidNotResolveIsRefined() {
        let skin = Self.all.map { $0 < Self.size * Self.size / 2 ? Float(1) : 0 }
        let origins = TexelOrigins(
            of: Self.texture(confidence: 0.9, columns: Self.size / 2),
            refinement: TexelOrigins.Refinement(skin: skin, unresolved: 0.75))
        let shares = origins.shares(of: Self.all)
        // To the byte that a texel's share is kept in.
        #expect(abs(shares.refined - 0.25 * 0.75) < 1e-3 && abs(shares.inferred - 0.5) < 1e-6, "\(shares)")
        #expect(Array(origins.image().bytes[0..<3]) == [0, 64, 191])
    }

    @Test func sharesSumToOneEverywhere() {
        for confidence in stride(from: Float(0), through: 1, by: 0.037) {
            for unresolved in [Float(0), 0.31, 1] {
                let origins = TexelOrigins(
                    of: Self.texture(confidence: confidence, columns: 41),
                    refinement: .init(skin: Self.all.map { _ in 0.7 }, unresolved: unresolved))
                let shares = origins.shares(of: Self.all)
                #expect(abs(shares.seen + shares.refined + shares.inferred - 1) < 1e-9)
                let bytes = origins.image().bytes
                #expect(Self.all.allSatisfy { i in (0..<3).reduce(0) { $0 + Int(bytes[3 * i + $1]) } == 255 })
            }
        }
    }
}
