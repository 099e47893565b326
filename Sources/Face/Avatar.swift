package import Tensors

/// One person's head, complete: shape, expressions and appearance, ready to be written or drawn.
package struct Avatar: Sendable {
    package var topology: Topology
    /// G points of the neutral head in model space, metres.
    package var points: [SIMD3<Float>]
    /// Apple's 52 shapes, in `ARKit.names` order.
    package var expressions: [MorphableModel.ExpressionShape]
    /// Base colour in the atlas of the skin: RGB, sRGB-coded.
    package var skin: Image
    /// Base colour in the atlas of the eyes: RGB, sRGB-coded.
    package var eyes: Image
    /// Base colour and opacity in the atlas of the lashes: RGBA, sRGB-coded.
    package var lashes: Image
    /// In the atlas of the skin; `nil` for skin without relief, equally rough all over.
    package var skinMaps: SkinMaps?
    /// Linear RGB in 0...1.
    package var teethColour: SIMD3<Float>
    /// Linear RGB in 0...1.
    package var tongueColour: SIMD3<Float>
    /// Places on the neutral head that other programs align by, in model space, metres.
    package var landmarks7: [SIMD3<Float>]
    /// Counts this person's avatars, from 1.
    package var edition: Int
    /// Share of the face's texels that the camera has seen, 0...1.
    package var coverage: Double
    /// Of the face's texels; `nil` where nobody knows.
    package var origins: TexelOrigins.Shares?

    package init(
        topology: Topology, points: [SIMD3<Float>], expressions: [MorphableModel.ExpressionShape], skin: Image,
        eyes: Image, lashes: Image, teethColour: SIMD3<Float>, tongueColour: SIMD3<Float>,
        landmarks7: [SIMD3<Float>], edition: Int = 1, coverage: Double = 0,
        origins: TexelOrigins.Shares? = nil, skinMaps: SkinMaps? = nil
    ) {
        precondition(
            points.count == topology.pointCount, "\(points.count) points for a topology of \(topology.pointCount)")
        precondition(
            skin.channels == 3 && eyes.channels == 3 && lashes.channels == 4,
            "skin RGB, eyes RGB, lashes RGBA; got \(skin.channels), \(eyes.channels), \(lashes.channels) channels")
        self.topology = topology
        self.points = points
        self.expressions = expressions
        self.skin = skin
        self.eyes = eyes
        self.lashes = lashes
        self.teethColour = teethColour
        self.tongueColour = tongueColour
        self.landmarks7 = landmarks7
        self.edition = edition
        self.coverage = coverage
        self.origins = origins
        self.skinMaps = skinMaps
    }
}
