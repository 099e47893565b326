package import Tensors

/// The feature network of our own: on one plane of detail (log luma less the smooth albedo's), two convolutions, a low-pass
/// pooling and two more, 10 kMAC a pixel. Coarser structure is not its business: it looks at every octave of a
/// pyramid (Snelgrove 2017). Taps behind every convolution.
///
/// Synthesis looks nearly everywhere at the first one alone. Kernels of 5 × 5 there see how skin goes on farther than ones of
/// 3 × 3, and sixteen of them, trained, come nearer to it than sixteen that were drawn, or thirty-two of 3 × 3; see the model card.
package struct DetailNetwork: Sendable {
    /// Maps behind each convolution; the pooling stands in the middle.
    package static let channels = [16, 32, 32, 32]
    /// Of each convolution's weights: outputs, inputs, rows, columns.
    package static let shapes = zip(zip([1] + channels, channels), [5, 3, 3, 3]).map { [$0.1, $0.0, $1, $1] }

    /// Skin's detail has a standard deviation of some hundredths; features of order 1 make their products count beside their
    /// means.
    private static let gain: Float = 20

    /// Of each convolution, as `shapes` says, and a bias per output.
    package var weights: [[Float]]
    package var biases: [[Float]]

    package init(weights: [[Float]], biases: [[Float]]) {
        precondition(
            weights.map(\.count) == DetailNetwork.shapes.map { $0.reduce(1, *) }
                && biases.map(\.count) == DetailNetwork.channels, "weights of another network")
        self.weights = weights
        self.biases = biases
    }

    /// He et al. 2015's draw; the first layer's kernels sum to zero, so that brightness is not a feature.
    package init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        weights = DetailNetwork.shapes.map { shape in
            let scale = (2 / Double(shape[1...].reduce(1, *))).squareRoot()
            return (0..<shape.reduce(1, *)).map { _ in Float(scale * generator.normal()) }
        }
        Self.centre(&weights[0])
        biases = DetailNetwork.channels.map { [Float](repeating: 0, count: $0) }
    }

    /// A layer's weights as the network runs with them.
    static func amplified(_ weights: [Float], layer: Int) -> [Float] {
        layer == 0 ? weights.map { gain * $0 } : weights
    }

    /// The first layer's kernels made to sum to zero.
    static func centre(_ kernels: inout [Float]) {
        let taps = shapes[0][2] * shapes[0][3]
        for start in stride(from: 0, to: kernels.count, by: taps) {
            let mean = kernels[start..<start + taps].reduce(0, +) / Float(taps)
            for tap in start..<start + taps { kernels[tap] -= mean }
        }
    }

    /// - Parameter training: weights will change with every step, which Winograd's preparation does not pay for.
    package func network(training: Bool = false) -> FeatureNetwork {
        var layers: [FeatureNetwork.Layer] = []
        let workspace = Workspace()
        for (k, shape) in DetailNetwork.shapes.enumerated() {
            if k == 2 { layers.append(.pooling) }
            layers.append(
                .convolution(
                    Convolution(
                        inputs: shape[1], outputs: shape[0], side: shape[2],
                        weights: Self.amplified(weights[k], layer: k), bias: biases[k], winograd: !training,
                        workspace: workspace)))
        }
        return FeatureNetwork(inputs: 1, layers: layers, taps: [0, 1, 3, 4])
    }
}
