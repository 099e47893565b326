/// The first layer: from a picture of one to seven planes to blocked maps, and its gradients. Loops of our own, a block of
/// output channels in one vector: oneDNN would pad the picture to a whole block.
struct PictureConvolution {
    let layer: Convolution
    private let block = Processor.block
    private let radius: Int

    init(_ layer: Convolution) {
        self.layer = layer
        radius = layer.side / 2
    }

    func forward(_ input: FeatureMap, into output: FeatureMap) {
        let weights = blockedWeights()
        let shape = input.shape
        let (side, inputs, pixels, blocks) = (layer.side, layer.inputs, shape.pixels, output.blocks)
        let rectified = layer.rectified
        let bias = layer.bias + [Float](repeating: 0, count: blocks * block - layer.outputs)
        nonisolated(unsafe) let (from, to) = (input.values, output.values)
        let radius = radius
        let block = block
        (0..<shape.count * shape.height).map { $0 }.inStrips(of: shape.width * blocks * side * side) { row in
            let (picture, y) = (row / shape.height, row % shape.height)
            weights.withUnsafeBufferPointer { w in
                for b in 0..<blocks {
                    for half in stride(from: 0, to: block, by: 8) {
                        var start = SIMD8<Float>()
                        for i in 0..<8 { start[i] = bias[b * block + half + i] }
                        for x in 0..<shape.width {
                            var sum = start
                            for channel in 0..<inputs {
                                let plane = from + (picture * inputs + channel) * pixels
                                for dy in max(-radius, -y)...min(radius, shape.height - 1 - y) {
                                    for dx in max(-radius, -x)...min(radius, shape.width - 1 - x) {
                                        let tap = (channel * side + dy + radius) * side + dx + radius
                                        let kernel = UnsafeRawPointer(
                                            w.baseAddress! + (b * side * side * inputs + tap) * block + half
                                        )
                                        .loadUnaligned(as: SIMD8<Float>.self)
                                        sum.addProduct(
                                            kernel, SIMD8(repeating: plane[(y + dy) * shape.width + x + dx]))
                                    }
                                }
                            }
                            if rectified { sum = pointwiseMax(sum, .zero) }
                            UnsafeMutableRawPointer(
                                to + (((picture * blocks + b) * pixels + y * shape.width + x) * block + half)
                            )
                            .storeBytes(of: sum, as: SIMD8<Float>.self)
                        }
                    }
                }
            }
        }
    }

    func backward(_ outputGradient: FeatureMap, into inputGradient: FeatureMap) {
        let weights = blockedWeights()
        let shape = inputGradient.shape
        let (side, inputs, pixels, blocks) = (layer.side, layer.inputs, shape.pixels, outputGradient.blocks)
        nonisolated(unsafe) let (from, to) = (outputGradient.values, inputGradient.values)
        let radius = radius
        let block = block
        (0..<shape.count * shape.height).map { $0 }.inStrips(of: shape.width * blocks * side * side) { row in
            let (picture, y) = (row / shape.height, row % shape.height)
            weights.withUnsafeBufferPointer { w in
                for channel in 0..<inputs {
                    let target = to + (picture * inputs + channel) * pixels + y * shape.width
                    for x in 0..<shape.width {
                        var sum = SIMD8<Float>()
                        for dy in max(-radius, y - shape.height + 1)...min(radius, y) {
                            for dx in max(-radius, x - shape.width + 1)...min(radius, x) {
                                let tap = (channel * side + dy + radius) * side + dx + radius
                                let place = (y - dy) * shape.width + x - dx
                                for b in 0..<blocks {
                                    let gradient = UnsafeRawPointer(
                                        from + ((picture * blocks + b) * pixels + place) * block)
                                    let kernel = UnsafeRawPointer(
                                        w.baseAddress! + (b * side * side * inputs + tap) * block)
                                    for half in stride(from: 0, to: block * 4, by: 32) {
                                        sum.addProduct(
                                            gradient.loadUnaligned(fromByteOffset: half, as: SIMD8<Float>.self),
                                            kernel.loadUnaligned(fromByteOffset: half, as: SIMD8<Float>.self))
                                    }
                                }
                            }
                        }
                        target[x] = sum.sum()
                    }
                }
            }
        }
    }

    /// [block][input][row][column][output in the block], outputs beyond the last zero.
    private func blockedWeights() -> [Float] {
        let (side, inputs, outputs) = (layer.side, layer.inputs, layer.outputs)
        let taps = side * side * inputs
        let blocks = (outputs + block - 1) / block
        var result = [Float](repeating: 0, count: blocks * taps * block)
        for o in 0..<outputs {
            for tap in 0..<taps {
                result[((o / block) * taps + tap) * block + o % block] = layer.weights[o * taps + tap]
            }
        }
        return result
    }
}

extension Array where Element == Int {
    /// Calls `work` for every element, on all cores where `cost` (operations an element) makes that worth while.
    func inStrips(of cost: Int, _ work: @Sendable @escaping (Int) -> Void) {
        guard count * cost > 100_000, count > 1 else { return forEach(work) }
        let strip = Swift.max(count / 8, 1)
        _ = stride(from: 0, to: count, by: strip).map { self[$0..<Swift.min($0 + strip, count)] }
            .mapConcurrently { $0.forEach(work) }
    }
}
