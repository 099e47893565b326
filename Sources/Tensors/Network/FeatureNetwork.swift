/// A chain of convolutions and poolings with taps at some of its layers, evaluated on one picture size at a time with
/// buffers that are reused. Holds two buffers of gradients per size of map, whatever the depth.
package final class FeatureNetwork {
    package enum Layer {
        case convolution(Convolution)
        case pooling
    }

    package let layers: [Layer]
    /// Indices of the layers whose outputs are looked at, ascending.
    package let taps: [Int]
    /// Planes of the picture.
    package let inputs: Int

    /// What one picture size needs; kept for the sizes seen last, since a pyramid alternates between them.
    private final class Buffers {
        let shape: MapShape
        let outputs: [FeatureMap]
        lazy var gradients = FeatureNetwork.gradientBuffers(outputs)

        init(_ shape: MapShape, _ shapes: [MapShape]) {
            self.shape = shape
            outputs = shapes.map { FeatureMap($0) }
        }
    }

    private static let sizesKept = 2
    private var input: FeatureMap?
    private var kept: [Buffers] = []

    package init(inputs: Int, layers: [Layer], taps: [Int]) {
        precondition(
            taps.last.map { $0 < layers.count } ?? false && taps == taps.sorted(),
            "taps \(taps) of \(layers.count) layers")
        self.inputs = inputs
        self.layers = layers
        self.taps = taps
        var channels = inputs
        for case .convolution(let layer) in layers {
            precondition(layer.inputs == channels, "\(layer.inputs) inputs after \(channels) maps")
            channels = layer.outputs
        }
    }

    package var convolutions: [Convolution] {
        layers.compactMap { if case .convolution(let layer) = $0 { layer } else { nil } }
    }

    /// Maps at each tap for a picture of this size.
    package func tapShapes(_ picture: MapShape) -> [MapShape] {
        let shapes = self.shapes(picture)
        return taps.map { shapes[$0] }
    }

    private func shapes(_ picture: MapShape) -> [MapShape] {
        precondition(picture.channels == inputs, "picture \(picture) for \(inputs) planes")
        var shape = picture
        return layers.map { layer in
            switch layer {
            case .convolution(let layer): shape = shape.with(channels: layer.outputs)
            case .pooling: shape = shape.pooled
            }
            return shape
        }
    }

    /// Multiplications and additions of all convolutions, forward, each counted; nothing is credited to Winograd.
    package func operations(_ picture: MapShape) -> Double {
        zip(layers, shapes(picture)).reduce(0) { sum, pair in
            guard case .convolution(let layer) = pair.0 else { return sum }
            return sum + 2
                * Double(layer.inputs * layer.side * layer.side * layer.outputs * pair.1.pixels * pair.1.count)
        }
    }

    /// The tapped maps of `picture`; they and all that `backward` needs stay until the next call with its size.
    @discardableResult
    package func forward(_ picture: FeatureMap) -> [FeatureMap] {
        let buffers: Buffers
        if let known = kept.firstIndex(where: { $0.shape == picture.shape }) {
            buffers = kept.remove(at: known)
        } else {
            if kept.count == Self.sizesKept { kept.removeFirst() }
            buffers = Buffers(picture.shape, shapes(picture.shape))
        }
        kept.append(buffers)
        let outputs = buffers.outputs
        input = picture
        var from = picture
        for (layer, to) in zip(layers, outputs) {
            switch layer {
            case .convolution(let layer): layer.forward(from, into: to)
            case .pooling: LowPassPooling.forward(from, into: to)
            }
            from = to
        }
        return taps.map { outputs[$0] }
    }

    /// Correlations per tap and region of `picture`; the maps stay for `backward` as `forward` leaves them.
    /// - Parameter regions: of each tap.
    package func correlations(of picture: FeatureMap, at regions: [[Places]]) -> [[Correlations]] {
        precondition(regions.count == taps.count, "regions of \(regions.count) taps of \(taps.count)")
        return zip(forward(picture), regions).map { Correlations.of($0, at: $1) }
    }

    /// ∂loss/∂picture of the picture last seen, into `pictureGradient`, where the loss is one of correlations.
    /// - Parameter slopes: of each tap and region, ∂loss/∂sums; see `Correlations.addGradient`.
    package func backward(into pictureGradient: FeatureMap, slopes: [[[Float]]], at regions: [[Places]]) {
        precondition(slopes.count == taps.count && regions.count == taps.count, "slopes of \(slopes.count) taps")
        backward(into: pictureGradient, weightGradient: nil) { tap, map, gradient, isEmpty in
            Correlations.addGradients(
                slopes: slopes[tap], of: map, at: regions[tap], to: gradient, clearing: isEmpty,
                rectifying: rectified(taps[tap]))
            return true
        }
    }

    /// ∂loss/∂picture of the picture last seen by `forward`, into `pictureGradient`.
    /// - Parameters:
    ///   - addTapGradient: adds ∂loss/∂(map of tap k) to its second argument.
    ///   - weightGradient: receives each convolution's number, first to last, and its gradients; last layer first.
    package func backward(
        into pictureGradient: FeatureMap, addTapGradient: (_ tap: Int, _ gradient: FeatureMap) -> Void,
        weightGradient: ((_ convolution: Int, _ weights: [Float], _ bias: [Float]) -> Void)? = nil
    ) {
        backward(into: pictureGradient, weightGradient: weightGradient) { tap, _, gradient, isEmpty in
            if isEmpty { gradient.clear() }
            addTapGradient(tap, gradient)
            return false
        }
    }

    private func rectified(_ layer: Int) -> Bool {
        if case .convolution(let layer) = layers[layer] { layer.rectified } else { false }
    }

    /// - Parameter atTap: adds the gradient of tap k, or sets it where there is none yet; whether it is before ReLU then.
    private func backward(
        into pictureGradient: FeatureMap,
        weightGradient: ((_ convolution: Int, _ weights: [Float], _ bias: [Float]) -> Void)?,
        atTap: (_ tap: Int, _ map: FeatureMap, _ gradient: FeatureMap, _ isEmpty: Bool) -> Bool
    ) {
        guard let input else { preconditionFailure("backward before forward") }
        precondition(pictureGradient.shape == input.shape, "gradient \(pictureGradient.shape) of \(input.shape)")
        let (outputs, gradients) = (kept.last!.outputs, kept.last!.gradients)
        let last = taps.last!
        var convolution = layers[...last].count { if case .convolution = $0 { true } else { false } }
        for i in (0...last).reversed() {
            let gradient = gradients[i]
            var rectified = false
            if let tap = taps.firstIndex(of: i) { rectified = atTap(tap, outputs[i], gradient, i == last) }
            let below = i == 0 ? pictureGradient : gradients[i - 1]
            switch layers[i] {
            case .convolution(let layer):
                convolution -= 1
                if layer.rectified, !rectified { rectifyGradient(gradient, output: outputs[i]) }
                if let weightGradient {
                    let found = layer.weightGradient(input: i == 0 ? input : outputs[i - 1], outputGradient: gradient)
                    weightGradient(convolution, found.weights, found.bias)
                }
                layer.backward(gradient, into: below)
            case .pooling:
                LowPassPooling.addBackward(gradient, to: below, overwriting: true)
            }
        }
    }

    /// For each layer its buffer; layers of one size take two in turn.
    private static func gradientBuffers(_ outputs: [FeatureMap]) -> [FeatureMap] {
        var made: [MapShape: [FeatureMap]] = [:]
        return outputs.map { output in
            // The one that was used last comes last.
            var pair = made[output.shape] ?? []
            let next = pair.count < 2 ? FeatureMap(output.shape) : pair.removeFirst()
            made[output.shape] = pair + [next]
            return next
        }
    }
}
