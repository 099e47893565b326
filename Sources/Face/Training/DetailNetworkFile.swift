package import Foundation
package import Tensors

extension DetailNetwork {
    private static func name(_ layer: Int) -> String { "conv\(layer + 1).weight" }

    /// As safetensors: `conv1.weight` … `conv4.weight`, outputs × inputs × 3 × 3.
    package var safetensors: Data {
        SafeTensors.file(
            weights.enumerated().map { k, values in
                let outputs = DetailNetwork.channels[k]
                return (Self.name(k), [outputs, values.count / 9 / outputs, 3, 3], values)
            })
    }

    /// - Throws: where a tensor is missing or of another shape.
    package init(_ file: SafeTensors) throws(SafeTensorsError) {
        var (weights, inputs) = ([[Float]](), 1)
        for (k, outputs) in DetailNetwork.channels.enumerated() {
            weights.append(try file.floats(Self.name(k), shape: [outputs, inputs, 3, 3]))
            inputs = outputs
        }
        self.init(weights: weights, biases: DetailNetwork.channels.map { [Float](repeating: 0, count: $0) })
    }
}
