package import Foundation
package import Tensors

extension DetailNetwork {
    private static func name(_ layer: Int) -> String { "conv\(layer + 1).weight" }

    /// As safetensors: `conv1.weight` … `conv4.weight`, outputs × inputs × rows × columns.
    package var safetensors: Data {
        SafeTensors.file(
            weights.enumerated().map { k, values in (Self.name(k), DetailNetwork.shapes[k], values) })
    }

    /// - Throws: where a tensor is missing or of another shape.
    package init(_ file: SafeTensors) throws(SafeTensorsError) {
        var weights: [[Float]] = []
        for (k, shape) in DetailNetwork.shapes.enumerated() {
            weights.append(try file.floats(Self.name(k), shape: shape))
        }
        self.init(weights: weights, biases: DetailNetwork.channels.map { [Float](repeating: 0, count: $0) })
    }
}
