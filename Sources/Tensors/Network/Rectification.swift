/// ∂loss/∂(before ReLU) from ∂loss/∂(after it), in place: nothing flows where the output is zero.
package func rectifyGradient(_ gradient: FeatureMap, output: FeatureMap) {
    precondition(gradient.shape == output.shape, "gradient \(gradient.shape) of \(output.shape)")
    nonisolated(unsafe) let (g, y) = (gradient.values, output.values)
    (0..<gradient.size).inStrips(of: 65536, cost: 1) { strip in
        for i in strip { g[i] = y[i] > 0 ? g[i] : 0 }
    }
}

extension FeatureMap {
    /// The same at some pixels of all channels of the first picture.
    func rectify(output: FeatureMap, pixels: Range<Int>) {
        for b in 0..<blocks {
            let start = (b * shape.pixels + pixels.lowerBound) * block
            let (g, y) = (values + start, output.values + start)
            for i in 0..<pixels.count * block { g[i] = y[i] > 0 ? g[i] : 0 }
        }
    }

    /// Zeros at some pixels of all channels of the first picture.
    func clear(pixels: Range<Int>) {
        for b in 0..<blocks {
            (values + (b * shape.pixels + pixels.lowerBound) * block)
                .update(repeating: 0, count: pixels.count * block)
        }
    }
}
