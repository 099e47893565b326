/// A chain of convolutions and poolings with taps at some of its layers, evaluated on one picture size at a time with
/// buffers that are reused.
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

    /// What one picture size needs; kept for the sizes seen last, since a pyramid alternates between them. Maps of layers that
    /// nobody asks for are never made.
    private final class Buffers {
        let shape: MapShape
        private let shapes: [MapShape]
        private var outputs: [FeatureMap?]
        private var gradients: [FeatureMap?]
        private weak var regions: FeatureRegions?

        init(_ shape: MapShape, _ shapes: [MapShape]) {
            (self.shape, self.shapes) = (shape, shapes)
            outputs = shapes.map { _ in nil }
            gradients = outputs
        }

        func output(_ layer: Int) -> FeatureMap { Self.map(&outputs[layer], shapes[layer]) }
        func gradient(_ layer: Int) -> FeatureMap { Self.map(&gradients[layer], shapes[layer]) }

        /// Outside the regions' tiles all gradients are zero from here on.
        func clearGradients(for regions: FeatureRegions?) {
            if let regions, self.regions !== regions { for gradient in gradients { gradient?.clear() } }
            self.regions = regions
        }

        private static func map(_ known: inout FeatureMap?, _ shape: MapShape) -> FeatureMap {
            let map = known ?? FeatureMap(shape)
            known = map
            return map
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

    /// The same network with buffers of its own, for a second thread; `nil` of one so large that two are too much. Made once;
    /// weights that are set later are not its.
    package private(set) lazy var twin: FeatureNetwork? = {
        guard convolutions.reduce(0, { $0 + $1.weights.count }) <= Self.mostOfTwins else { return nil }
        hasTwin = true
        return FeatureNetwork(
            inputs: inputs,
            layers: layers.map { layer in
                if case .convolution(let layer) = layer { .convolution(layer.copy()) } else { .pooling }
            }, taps: taps)
    }()

    private var hasTwin = false
    /// Weights.
    private static let mostOfTwins = 1 << 20

    package var convolutions: [Convolution] {
        layers.compactMap { if case .convolution(let layer) = $0 { layer } else { nil } }
    }

    /// How far each tap looks, pixels of the picture on either side.
    package var reaches: [Int] {
        var (reach, step, found) = (0, 1, [Int]())
        for (i, layer) in layers.enumerated() {
            switch layer {
            case .convolution(let layer): reach += layer.side / 2 * step
            case .pooling:
                reach += 2 * step
                step *= 2
            }
            if taps.contains(i) { found.append(reach) }
        }
        return found
    }

    /// Maps at each tap.
    package var tapChannels: [Int] { tapShapes(MapShape(channels: inputs, height: 32, width: 32)).map(\.channels) }

    /// How often a picture has been halved at the deepest tap.
    package var halvings: Int { layers[...taps.last!].count { if case .pooling = $0 { true } else { false } } }

    /// Maps at each tap for a picture of this size.
    package func tapShapes(_ picture: MapShape) -> [MapShape] {
        let shapes = self.shapes(picture)
        return taps.map { shapes[$0] }
    }

    func shapes(_ picture: MapShape) -> [MapShape] {
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
        let buffers = forward(picture, at: nil)
        return taps.map { buffers.output($0) }
    }

    private func forward(_ picture: FeatureMap, at regions: FeatureRegions?) -> Buffers {
        let buffers: Buffers
        if let known = kept.firstIndex(where: { $0.shape == picture.shape }) {
            buffers = kept.remove(at: known)
        } else {
            if kept.count == Self.sizesKept { kept.removeFirst() }
            buffers = Buffers(picture.shape, shapes(picture.shape))
        }
        kept.append(buffers)
        input = picture
        var from = picture
        for i in layers.indices where regions?.needs(i) ?? true {
            let to = buffers.output(i)
            let tiles = regions?.tiles[i] ?? .all(to.shape)
            switch layers[i] {
            case .convolution(let layer): layer.forward(from, into: to, at: tiles)
            case .pooling: LowPassPooling.forward(from, into: to, at: tiles)
            }
            from = to
        }
        return buffers
    }

    /// Correlations per tap and region of `picture`. The maps are right where the regions need them only.
    package func correlations(of picture: FeatureMap, at regions: FeatureRegions) -> [[Correlations]] {
        precondition(picture.shape == regions.picture, "regions of \(regions.picture) at \(picture.shape)")
        let buffers = forward(picture, at: regions)
        return zip(taps, regions.places).map { layer, places in
            places.isEmpty ? [] : Correlations.of(buffers.output(layer), at: places)
        }
    }

    /// ∂loss/∂picture of the picture last seen by `correlations`, into `pictureGradient`, where the loss is one of
    /// correlations.
    /// - Parameter slopes: of each tap and region, ∂loss/∂sums; see `Correlations.addGradient`.
    package func backward(into pictureGradient: FeatureMap, slopes: [[[Float]]], at regions: FeatureRegions) {
        precondition(slopes.count == taps.count, "slopes of \(slopes.count) taps of \(taps.count)")
        backward(into: pictureGradient, weightGradient: nil, at: regions) { tap, map, gradient, isEmpty in
            let layer = taps[tap]
            Correlations.addGradients(
                slopes: slopes[tap], of: map, at: regions.places[tap], to: gradient, clearing: isEmpty,
                rectifying: isRectified(layer), within: regions.tiles[layer])
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

    /// Gives back the memory of all pictures, its own and its twin's: what works on large maps next needs it more. The next
    /// picture gets its maps anew.
    package func releaseMaps() {
        (input, kept) = (nil, [])
        if hasTwin { twin?.releaseMaps() }
    }

    private func isRectified(_ layer: Int) -> Bool {
        if case .convolution(let layer) = layers[layer] { layer.rectified } else { false }
    }

    /// - Parameter atTap: adds the gradient of tap k, or sets it where there is none yet; whether it is before ReLU then.
    private func backward(
        into pictureGradient: FeatureMap,
        weightGradient: ((_ convolution: Int, _ weights: [Float], _ bias: [Float]) -> Void)?,
        at regions: FeatureRegions? = nil,
        atTap: (_ tap: Int, _ map: FeatureMap, _ gradient: FeatureMap, _ isEmpty: Bool) -> Bool
    ) {
        guard let input else { preconditionFailure("backward before forward") }
        precondition(pictureGradient.shape == input.shape, "gradient \(pictureGradient.shape) of \(input.shape)")
        let buffers = kept.last!
        buffers.clearGradients(for: regions)
        if regions != nil { pictureGradient.clear() }
        guard let last = (0...taps.last!).last(where: { regions?.needs($0) ?? true }) else { return }
        var convolution = layers[...last].count { if case .convolution = $0 { true } else { false } }
        for i in (0...last).reversed() {
            let (output, gradient) = (buffers.output(i), buffers.gradient(i))
            var rectified = false
            if let tap = taps.firstIndex(of: i) { rectified = atTap(tap, output, gradient, i == last) }
            let below = i == 0 ? pictureGradient : buffers.gradient(i - 1)
            let tiles = regions.map { i == 0 ? $0.pictureTiles : $0.tiles[i - 1] } ?? .all(below.shape)
            switch layers[i] {
            case .convolution(let layer):
                convolution -= 1
                if layer.rectified, !rectified { rectifyGradient(gradient, output: output) }
                if let weightGradient {
                    let found = layer.weightGradient(
                        input: i == 0 ? input : buffers.output(i - 1), outputGradient: gradient)
                    weightGradient(convolution, found.weights, found.bias)
                }
                layer.backward(gradient, into: below, at: tiles)
            case .pooling:
                LowPassPooling.addBackward(gradient, to: below, overwriting: true, at: tiles)
            }
        }
    }
}
