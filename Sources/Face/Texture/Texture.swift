package import Tensors

/// A UV map with evidence. Texel (x, y) covers glTF's uv [x/size, (x+1)/size) × …, origin top-left.
package struct Texture: Sendable {
    /// `size × size × 3`, linear light, albedo (0...1, no shading).
    package var albedo: FloatImage
    /// `size × size × 1` in 0...1: 1 seen well, towards 0 inferred.
    package var confidence: FloatImage

    package init(albedo: FloatImage, confidence: FloatImage) {
        precondition(albedo.channels == 3 && confidence.channels == 1 && albedo.width == confidence.width)
        self.albedo = albedo
        self.confidence = confidence
    }
}
