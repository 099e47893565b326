package import Tensors

/// The feature network of our own: on one plane of detail (log luma less the smooth albedo's), two convolutions, a low-pass
/// pooling and two more, 3×3 each, 14 kMAC a pixel. Coarser structure is not its business: it looks at every octave of a
/// pyramid (Snelgrove 2017). Taps behind every convolution.
package struct DetailNetwork: Sendable {
    /// Maps behind each convolution; the pooling stands in the middle.
    package static let channels = [32, 32, 32, 32]

    /// Skin's detail has a standard deviation of some hundredths; features of order 1 make their products count beside their
    /// means.
    private static let gain: Float = 20

    /// Of each convolution, outputs × inputs × 3 × 3, and a bias per output.
    package var weights: [[Float]]
    package var biases: [[Float]]

    package init(weights: [[Float]], biases: [[Float]]) {
        precondition(biases.map(\.count) == DetailNetwork.channels, "weights of another network")
        self.weights = weights
        self.biases = biases
    }

    /// He et al. 2015's draw; the first layer's kernels sum to zero, so that brightness is not a feature.
    package init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        weights = []
        biases = []
        var inputs = 1
        for outputs in DetailNetwork.channels {
            let scale = (2 / Double(9 * inputs)).squareRoot()
            var kernel = (0..<outputs * inputs * 9).map { _ in Float(scale * generator.normal()) }
            if inputs == 1 { Self.centre(&kernel) }
            weights.append(kernel)
            biases.append([Float](repeating: 0, count: outputs))
            inputs = outputs
        }
    }

    /// A layer's weights as the network runs with them.
    static func amplified(_ weights: [Float], layer: Int) -> [Float] {
        layer == 0 ? weights.map { gain * $0 } : weights
    }

    /// The first layer's kernels made to sum to zero.
    static func centre(_ kernels: inout [Float]) {
        for start in stride(from: 0, to: kernels.count, by: 9) {
            let mean = kernels[start..<start + 9].reduce(0, +) / 9
            for tap in start..<start + 9 { kernels[tap] -= mean }
        }
    }

    /// - Parameter training: weights will change with every step, which Winograd's preparation does not pay for.
    package func network(training: Bool = false) -> FeatureNetwork {
        var layers: [FeatureNetwork.Layer] = []
        var inputs = 1
        let workspace = Workspace()
        for (k, outputs) in DetailNetwork.channels.enumerated() {
            if k == 2 { layers.append(.pooling) }
            layers.append(
                .convolution(
                    Convolution(
                        inputs: inputs, outputs: outputs, weights: Self.amplified(weights[k], layer: k),
                        bias: biases[k], winograd: !training,
                        workspace: workspace)))
            inputs = outputs
        }
        return FeatureNetwork(inputs: 1, layers: layers, taps: [0, 1, 3, 4])
    }
}
