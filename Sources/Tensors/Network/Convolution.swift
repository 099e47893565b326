internal import COneDNN

/// A 2-D convolution layer with odd square kernels, stride 1 and zero padding that keeps the size ("correlation" in
/// signal processing's words, as in all networks), its bias, and optionally ReLU in the same pass. Layers of 3 × 3 with few
/// channels whose weights stay are convolved by `WinogradConvolution`, pictures by `PictureConvolution`, all else and the
/// other weights' gradients by oneDNN: Winograd's F(4×4, 3×3) where there is AVX-512, direct elsewhere.
///
/// What depends on the maps' size is prepared once per size and kept.
package final class Convolution {
    package let inputs: Int
    package let outputs: Int
    package let side: Int
    /// `outputs × inputs × side × side`.
    package private(set) var weights: [Float]
    package private(set) var bias: [Float]
    package let rectified: Bool
    /// Training changes weights all the time and needs no Winograd.
    private let wantsWinograd: Bool
    /// oneDNN's.
    fileprivate let winograd: Bool
    fileprivate let workspace: Workspace

    private var forwards: [MapShape: Plan] = [:]
    private var backwards: [MapShape: Plan] = [:]
    private var weightBackwards: [MapShape: Plan] = [:]

    package init(
        inputs: Int, outputs: Int, side: Int = 3, weights: [Float], bias: [Float], rectified: Bool = true,
        winograd: Bool = true, workspace: Workspace = Workspace()
    ) {
        precondition(
            weights.count == outputs * inputs * side * side && bias.count == outputs && side % 2 == 1,
            "convolution \(inputs) → \(outputs) with \(weights.count) weights, \(bias.count) biases, side \(side)")
        precondition(outputs >= 8, "a convolution to fewer than eight maps")
        self.inputs = inputs
        self.outputs = outputs
        self.side = side
        self.weights = weights
        self.bias = bias
        self.rectified = rectified
        self.workspace = workspace
        wantsWinograd = winograd
        self.winograd = winograd && Processor.hasAVX512 && side == 3
    }

    /// The same layer with a workspace and plans of its own.
    func copy() -> Convolution {
        Convolution(
            inputs: inputs, outputs: outputs, side: side, weights: weights, bias: bias, rectified: rectified,
            winograd: wantsWinograd)
    }

    /// New weights of the same sizes.
    package func set(weights: [Float], bias: [Float]) {
        precondition(weights.count == self.weights.count && bias.count == self.bias.count, "weights of another size")
        self.weights = weights
        self.bias = bias
        (winogradForward, winogradBackward) = (nil, nil)
        for plan in [forwards, backwards].flatMap(\.values) { plan.stale = true }
    }

    private var winogradForward: WinogradConvolution?
    private var winogradBackward: WinogradConvolution?

    /// Our own kernels: where weights rarely change and all channels fit in the cache.
    private var isSmall: Bool {
        wantsWinograd && side == 3 && max(inputs, outputs) <= WinogradConvolution.mostChannels
    }

    private func smallForward() -> WinogradConvolution {
        if let winogradForward { return winogradForward }
        let made = WinogradConvolution(
            inputs: inputs, outputs: outputs, weights: weights, bias: bias, rectified: rectified)
        winogradForward = made
        return made
    }

    /// The adjoint is a convolution with the kernels turned by 180° and inputs and outputs exchanged.
    private func smallBackward() -> WinogradConvolution {
        if let winogradBackward { return winogradBackward }
        var turned = [Float](repeating: 0, count: weights.count)
        for o in 0..<outputs {
            for i in 0..<inputs {
                for tap in 0..<9 { turned[(i * outputs + o) * 9 + 8 - tap] = weights[(o * inputs + i) * 9 + tap] }
            }
        }
        let made = WinogradConvolution(inputs: outputs, outputs: inputs, weights: turned, bias: [], rectified: false)
        winogradBackward = made
        return made
    }

    private var isOfPicture: Bool { FeatureMap.block(channels: inputs) == 1 }

    private func check(_ input: MapShape, _ output: MapShape) {
        precondition(
            input.channels == inputs && output == input.with(channels: outputs),
            "convolution \(inputs) → \(outputs) from \(input) to \(output)")
    }

    /// `output = weights ∗ input + bias`, rectified where the layer is.
    package func forward(_ input: FeatureMap, into output: FeatureMap) {
        forward(input, into: output, at: .all(output.shape))
    }

    /// The same at these tiles of the output at least.
    func forward(_ input: FeatureMap, into output: FeatureMap, at tiles: TileSet) {
        check(input.shape, output.shape)
        if isOfPicture {
            return PictureConvolution(self).forward(input, into: output, at: tiles)
        }
        if isSmall {
            return smallForward().run(input, into: output, at: tiles)
        }
        let plan = forwards[input.shape] ?? Plan(forward: self, input.shape)
        forwards[input.shape] = plan
        plan.refresh(weights, bias)
        plan.execute([
            (DNNL_ARG_SRC, input.values), (DNNL_ARG_WEIGHTS, plan.weights), (DNNL_ARG_BIAS, plan.bias),
            (DNNL_ARG_DST, output.values),
        ])
    }

    /// ∂loss/∂input from ∂loss/∂output (before ReLU: see `rectifyGradient`).
    package func backward(_ outputGradient: FeatureMap, into inputGradient: FeatureMap) {
        backward(outputGradient, into: inputGradient, at: .all(inputGradient.shape))
    }

    /// The same at these tiles of the input at least.
    func backward(_ outputGradient: FeatureMap, into inputGradient: FeatureMap, at tiles: TileSet) {
        check(inputGradient.shape, outputGradient.shape)
        if isOfPicture {
            return PictureConvolution(self).backward(outputGradient, into: inputGradient, at: tiles)
        }
        if isSmall {
            return smallBackward().run(outputGradient, into: inputGradient, at: tiles)
        }
        let plan = backwards[inputGradient.shape] ?? Plan(backward: self, inputGradient.shape)
        backwards[inputGradient.shape] = plan
        plan.refresh(weights, bias)
        plan.execute([
            (DNNL_ARG_DIFF_DST, outputGradient.values), (DNNL_ARG_WEIGHTS, plan.weights),
            (DNNL_ARG_DIFF_SRC, inputGradient.values),
        ])
    }

    /// ∂loss/∂weights and ∂loss/∂bias, summed over pictures and places.
    package func weightGradient(input: FeatureMap, outputGradient: FeatureMap) -> (weights: [Float], bias: [Float]) {
        check(input.shape, outputGradient.shape)
        if isOfPicture {
            return PictureConvolution(self).weightGradient(input: input, outputGradient: outputGradient)
        }
        let plan = weightBackwards[input.shape] ?? Plan(weightBackward: self, input.shape)
        weightBackwards[input.shape] = plan
        plan.execute([
            (DNNL_ARG_SRC, input.values), (DNNL_ARG_DIFF_DST, outputGradient.values),
            (DNNL_ARG_DIFF_WEIGHTS, plan.weights), (DNNL_ARG_DIFF_BIAS, plan.bias),
        ])
        return plan.plainWeights(count: weights.count, biases: bias.count)
    }
}

/// What convolutions need beside their maps while they run. Layers that run one after the other share one; it grows to what
/// the largest needs. (oneDNN's own, which all threads share, forbids two threads at a time.)
package final class Workspace {
    fileprivate private(set) var values: UnsafeMutablePointer<Float>
    private var count = 16

    package init() { values = Workspace.floats(count) }

    deinit { UnsafeMutableRawPointer(values).deallocate() }

    fileprivate func reserve(bytes: Int) {
        let needed = (bytes + 3) / 4
        guard needed > count else { return }
        UnsafeMutableRawPointer(values).deallocate()
        values = Workspace.floats(needed)
        count = needed
    }

    fileprivate static func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Float>.stride, alignment: 64)
        let floats = memory.bindMemory(to: Float.self, capacity: count)
        floats.initialize(repeating: 0, count: count)
        return floats
    }
}

/// One primitive of oneDNN for one size, with weights in the layout that it wants.
private final class Plan {
    private let primitive: dnnl_primitive_t
    /// What it reads and writes, by argument: memories whose buffers are set before each execution.
    private var memories: [Int32: dnnl_memory_t] = [:]
    private let plain: dnnl_memory_desc_t
    private let wanted: dnnl_memory_desc_t
    private let workspace: Workspace
    private let workspaceBytes: Int
    let weights: UnsafeMutablePointer<Float>
    let bias: UnsafeMutablePointer<Float>
    var stale = true

    convenience init(forward layer: Convolution, _ shape: MapShape) {
        self.init(layer, shape, weightsArgument: DNNL_ARG_WEIGHTS) { source, weights, bias, target, pads in
            var description = dnnl_convolution_desc_t()
            let status = dnnl_convolution_forward_desc_init(
                &description, dnnl_forward_training, layer.algorithm, &source, &weights, &bias, &target, [1, 1], pads,
                pads)
            return (status, description)
        } places: { description in
            [
                (DNNL_ARG_SRC, description.md(dnnl_query_src_md)),
                (DNNL_ARG_BIAS, description.md(dnnl_query_weights_md, 1)),
                (DNNL_ARG_DST, description.md(dnnl_query_dst_md)),
            ]
        }
    }

    convenience init(backward layer: Convolution, _ shape: MapShape) {
        self.init(layer, shape, weightsArgument: DNNL_ARG_WEIGHTS) { source, weights, _, target, pads in
            var description = dnnl_convolution_desc_t()
            let status = dnnl_convolution_backward_data_desc_init(
                &description, layer.algorithm, &source, &weights, &target, [1, 1], pads, pads)
            return (status, description)
        } places: { description in
            [
                (DNNL_ARG_DIFF_SRC, description.md(dnnl_query_diff_src_md)),
                (DNNL_ARG_DIFF_DST, description.md(dnnl_query_diff_dst_md)),
            ]
        }
    }

    convenience init(weightBackward layer: Convolution, _ shape: MapShape) {
        self.init(layer, shape, weightsArgument: DNNL_ARG_DIFF_WEIGHTS) { source, weights, bias, target, pads in
            var description = dnnl_convolution_desc_t()
            let status = dnnl_convolution_backward_weights_desc_init(
                &description, dnnl_convolution_direct, &source, &weights, &bias, &target, [1, 1], pads, pads)
            return (status, description)
        } places: { description in
            [
                (DNNL_ARG_SRC, description.md(dnnl_query_src_md)),
                (DNNL_ARG_DIFF_DST, description.md(dnnl_query_diff_dst_md)),
                (DNNL_ARG_DIFF_BIAS, description.md(dnnl_query_diff_weights_md, 1)),
            ]
        }
    }

    private init(
        _ layer: Convolution, _ shape: MapShape, weightsArgument: Int32,
        describe: (
            inout dnnl_memory_desc_t, inout dnnl_memory_desc_t, inout dnnl_memory_desc_t, inout dnnl_memory_desc_t,
            [dnnl_dim_t]
        ) -> (dnnl_status_t, dnnl_convolution_desc_t),
        places: (dnnl_primitive_desc_t) -> [(Int32, dnnl_memory_desc_t)]
    ) {
        let dims = [layer.outputs, layer.inputs, layer.side, layer.side]
        plain = OneDNN.descriptor(dims, dnnl_abcd)
        var source = OneDNN.descriptor(of: shape)
        var target = OneDNN.descriptor(of: shape.with(channels: layer.outputs))
        var bias = OneDNN.descriptor([layer.outputs], dnnl_a)
        var any = OneDNN.descriptor(dims, dnnl_format_tag_any)
        let pad = dnnl_dim_t(layer.side / 2)
        var (status, operation) = describe(&source, &any, &bias, &target, [pad, pad])
        OneDNN.check(status, "convolution of \(shape)")
        var attributes: dnnl_primitive_attr_t?
        OneDNN.check(dnnl_primitive_attr_create(&attributes), "attributes")
        defer { dnnl_primitive_attr_destroy(attributes) }
        OneDNN.check(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), "attributes")
        if layer.rectified, operation.prop_kind == dnnl_forward_training {
            var after: dnnl_post_ops_t?
            OneDNN.check(dnnl_post_ops_create(&after), "ReLU")
            defer { dnnl_post_ops_destroy(after) }
            OneDNN.check(dnnl_post_ops_append_eltwise(after, 1, dnnl_eltwise_relu, 0, 0), "ReLU")
            OneDNN.check(dnnl_primitive_attr_set_post_ops(attributes, after), "ReLU")
        }
        omp_set_num_threads(2)
        let engine = OneDNN.shared.engine
        var description: dnnl_primitive_desc_t?
        var made = dnnl_primitive_desc_create(&description, &operation, attributes, engine, nil)
        if made != dnnl_success, operation.alg_kind == dnnl_convolution_winograd {
            operation.alg_kind = dnnl_convolution_direct
            made = dnnl_primitive_desc_create(&description, &operation, attributes, engine, nil)
        }
        OneDNN.check(made, "convolution of \(shape)")
        defer { dnnl_primitive_desc_destroy(description) }
        var primitive: dnnl_primitive_t?
        OneDNN.check(dnnl_primitive_create(&primitive, description), "convolution of \(shape)")
        self.primitive = primitive!
        wanted = description!.md(
            weightsArgument == DNNL_ARG_WEIGHTS ? dnnl_query_weights_md : dnnl_query_diff_weights_md)
        var copy = wanted
        weights = Workspace.floats(dnnl_memory_desc_get_size(&copy) / MemoryLayout<Float>.stride)
        self.bias = Workspace.floats((layer.outputs + 15) / 16 * 16)
        memories[weightsArgument] = OneDNN.shared.memory(wanted, at: weights)
        let scratch = description!.md(dnnl_query_scratchpad_md)
        var scratchCopy = scratch
        workspaceBytes = dnnl_memory_desc_get_size(&scratchCopy)
        workspace = layer.workspace
        for (argument, md) in places(description!) + [(DNNL_ARG_SCRATCHPAD, scratch)] {
            memories[argument] = OneDNN.shared.memory(md, at: weights)
        }
    }

    deinit {
        for memory in memories.values { dnnl_memory_destroy(memory) }
        dnnl_primitive_destroy(primitive)
        UnsafeMutableRawPointer(weights).deallocate()
        UnsafeMutableRawPointer(bias).deallocate()
    }

    /// Brings new weights into the wanted layout.
    func refresh(_ plainWeights: [Float], _ plainBias: [Float]) {
        guard stale else { return }
        stale = false
        for (i, value) in plainBias.enumerated() { bias[i] = value }
        var source = plainWeights
        source.withUnsafeMutableBufferPointer {
            OneDNN.shared.reorder(plain, $0.baseAddress!, wanted, weights)
        }
    }

    func plainWeights(count: Int, biases: Int) -> (weights: [Float], bias: [Float]) {
        var result = [Float](repeating: 0, count: count)
        result.withUnsafeMutableBufferPointer {
            OneDNN.shared.reorder(wanted, weights, plain, $0.baseAddress!)
        }
        return (result, (0..<biases).map { bias[$0] })
    }

    func execute(_ buffers: [(Int32, UnsafeMutablePointer<Float>)]) {
        // OpenMP keeps the number per calling thread, and elsewhere this process asks for one.
        omp_set_num_threads(2)
        workspace.reserve(bytes: workspaceBytes)
        let buffers = buffers + [(DNNL_ARG_SCRATCHPAD, workspace.values)]
        for (argument, buffer) in buffers {
            OneDNN.check(dnnl_memory_set_data_handle(memories[argument], buffer), "argument \(argument)")
        }
        OneDNN.shared.execute(primitive, buffers.map { ($0.0, memories[$0.0]!) })
    }
}

extension Convolution {
    fileprivate var algorithm: dnnl_alg_kind_t { winograd ? dnnl_convolution_winograd : dnnl_convolution_direct }
}

extension dnnl_primitive_desc_t {
    fileprivate func md(_ query: dnnl_query_t, _ index: Int32 = 0) -> dnnl_memory_desc_t {
        dnnl_primitive_desc_query_md(self, query, index).pointee
    }
}
