/// The convolutions of VGG-19 (Simonyan & Zisserman 2015) up to a depth, with weights from the user's own file, as a
/// feature network on one plane. `LowPassPooling` stands in place of max pooling, as an average does in Gatys et al. 2015.
///
/// The plane's values are natural logarithms of luma less its mean, about ±0.5, and are taken for a grey picture of
/// codes 0.5 + value / 2, of which VGG sees 0...1 in red, green and blue, less `mean`, over `deviation` (ImageNet's, as
/// torchvision trains). Since the three planes are one, all that is a first convolution from one plane, exactly. Beyond
/// its border the picture goes on as plain grey (value 0); torchvision pads with zeros after normalising, which is
/// ImageNet's mean colour and differs in what the border reaches.
///
/// Weights that were trained on other codes, as Caffe's on 0...255 in BGR, must have that put into `conv1_1` first.
package struct VGG19: Sendable {
    /// The deepest convolution; the first ones of all blocks up to it are tapped, each behind its ReLU.
    package enum Depth: String, Sendable, CaseIterable {
        case conv1 = "conv1_1"
        case conv2 = "conv2_1"
        case conv3 = "conv3_1"
        case conv4 = "conv4_1"
        case conv5 = "conv5_1"

        /// Of each tap.
        package var channels: [Int] { VGG19.places(self).filter { $0.number == 1 }.map(\.outputs) }
    }

    package let depth: Depth
    /// Of each convolution, outputs × inputs × 3 × 3, and a bias per output.
    private let weights: [[Float]]
    private let biases: [[Float]]

    private static let mean = [0.485, 0.456, 0.406]
    private static let deviation = [0.229, 0.224, 0.225]

    /// One convolution's place: `block` and `number` from 1, and its index in torchvision's `features`.
    private struct Place {
        let block: Int
        let number: Int
        let index: Int
        let inputs: Int
        let outputs: Int
        var name: String { "conv\(block)_\(number)" }
    }

    private static func places(_ depth: Depth) -> [Place] {
        var (result, index, inputs) = ([Place](), 0, 3)
        for (block, (count, outputs)) in [(2, 64), (2, 128), (4, 256), (4, 512), (4, 512)].enumerated() {
            for number in 1...count {
                result.append(
                    Place(block: block + 1, number: number, index: index, inputs: inputs, outputs: outputs))
                if result.last!.name == depth.rawValue { return result }
                inputs = outputs
                index += 2
            }
            index += 1
        }
        return result
    }

    /// - Parameter file: has `features.0.weight`, `features.0.bias`, `features.2.weight` … or `conv1_1.weight` …, any
    ///   prefix before them; beyond `depth` none is looked at.
    /// - Throws: names the tensor that is missing or has another shape.
    package init(_ file: SafeTensors, depth: Depth = .conv3) throws(SafeTensorsError) {
        self.depth = depth
        let (prefix, indexed) = Self.naming(file)
        var (weights, biases) = ([[Float]](), [[Float]]())
        for place in Self.places(depth) {
            let name = prefix + (indexed ? "features.\(place.index)" : place.name)
            weights.append(try file.floats(name + ".weight", shape: [place.outputs, place.inputs, 3, 3]))
            biases.append(try file.floats(name + ".bias", shape: [place.outputs]))
        }
        (self.weights, self.biases) = (weights, biases)
    }

    /// What stands before a convolution's name, and whether that is torchvision's index.
    private static func naming(_ file: SafeTensors) -> (prefix: String, indexed: Bool) {
        for (ending, indexed) in [("features.0.weight", true), ("conv1_1.weight", false)] {
            let found = file.entries.keys.filter { $0 == ending || $0.hasSuffix("." + ending) }
            // Of several the outermost, then the first by name.
            if let first = found.min(by: { ($0.count, $0) < ($1.count, $1) }) {
                return (String(first.dropLast(ending.count)), indexed)
            }
        }
        return ("", true)
    }

    /// SHA-256 of weights and biases as they are used: 32-bit, little-endian, convolution by convolution.
    package var digest: String {
        var out = LittleEndianWriter([])
        for (weights, biases) in zip(weights, biases) {
            out.put(weights)
            out.put(biases)
        }
        return SHA256.hex(of: out.bytes)
    }

    package func network() -> FeatureNetwork {
        var (layers, taps) = ([FeatureNetwork.Layer](), [Int]())
        let workspace = Workspace()
        for (k, place) in Self.places(depth).enumerated() {
            if place.number == 1 {
                if place.block > 1 { layers.append(.pooling) }
                taps.append(layers.count)
            }
            let (weights, bias) = k == 0 ? fromOnePlane() : (weights[k], biases[k])
            layers.append(
                .convolution(
                    Convolution(
                        inputs: k == 0 ? 1 : place.inputs, outputs: place.outputs, weights: weights, bias: bias,
                        workspace: workspace)))
        }
        return FeatureNetwork(inputs: 1, layers: layers, taps: taps)
    }

    /// `conv1_1` on (0.5 + value / 2 − mean) / deviation in three planes: a kernel per output, the constant in its bias.
    private func fromOnePlane() -> (weights: [Float], bias: [Float]) {
        var (kernels, bias) = ([Float](), [Float]())
        for (o, own) in biases[0].enumerated() {
            var (kernel, constant) = ([Double](repeating: 0, count: 9), Double(own))
            for plane in 0..<3 {
                for tap in 0..<9 {
                    let weight = Double(weights[0][(o * 3 + plane) * 9 + tap]) / Self.deviation[plane]
                    kernel[tap] += 0.5 * weight
                    constant += weight * (0.5 - Self.mean[plane])
                }
            }
            kernels += kernel.map { Float($0) }
            bias.append(Float(constant))
        }
        return (kernels, bias)
    }
}
