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
    func rectify(_ segment: TileSet.Segment, output: FeatureMap) {
        for b in 0..<blocks {
            for row in segment.rows {
                let start = (b * shape.pixels + row * shape.width + segment.columns.lowerBound) * block
                let (g, y) = (values + start, output.values + start)
                for i in 0..<segment.columns.count * block { g[i] = y[i] > 0 ? g[i] : 0 }
            }
        }
    }

    /// Zeros at some pixels of all channels of the first picture.
    func clear(_ segment: TileSet.Segment) {
        for b in 0..<blocks {
            for row in segment.rows {
                (values + (b * shape.pixels + row * shape.width + segment.columns.lowerBound) * block)
                    .update(repeating: 0, count: segment.columns.count * block)
            }
        }
    }
}
