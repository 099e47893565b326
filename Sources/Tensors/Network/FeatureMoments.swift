/// Mean and root mean square of every map of every picture: what is left of features when their places are forgotten.
package struct FeatureMoments: Sendable {
    package let shape: MapShape
    /// count × channels.
    package let means: [Float]
    package let roots: [Float]

    /// Keeps the root's gradient finite where a map is dark.
    private static let floor: Float = 1e-6

    package init(of map: FeatureMap) {
        shape = map.shape
        let (n, pixels, values) = (shape.channels, shape.pixels, map.planar)
        var means = [Float](repeating: 0, count: shape.count * n)
        var roots = means
        for k in means.indices {
            var (sum, squares) = (Float.zero, Float.zero)
            for p in k * pixels..<(k + 1) * pixels {
                sum += values[p]
                squares += values[p] * values[p]
            }
            means[k] = sum / Float(pixels)
            roots[k] = (squares / Float(pixels) + Self.floor).squareRoot()
        }
        (self.means, self.roots) = (means, roots)
    }

    /// Adds ∂loss/∂map, of the map that these moments are of, to `gradient`.
    /// - Parameters:
    ///   - means: ∂loss/∂`means`.
    ///   - roots: ∂loss/∂`roots`.
    package func addGradient(means: [Float], roots: [Float], of map: FeatureMap, to gradient: FeatureMap) {
        precondition(
            map.shape == shape && gradient.shape == shape && means.count == self.means.count
                && roots.count == means.count, "gradient of moments of \(shape)")
        let pixels = shape.pixels
        var (values, slopes) = (map.planar, gradient.planar)
        for k in means.indices {
            let (constant, linear) = (means[k] / Float(pixels), roots[k] / (self.roots[k] * Float(pixels)))
            for p in k * pixels..<(k + 1) * pixels { values[p] = slopes[p] + constant + linear * values[p] }
        }
        swap(&values, &slopes)
        gradient.assign(slopes.span)
    }
}
