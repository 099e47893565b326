internal import COneDNN

/// What the processor offers to convolutions.
package enum Processor {
    /// Channels that lie side by side in a blocked map.
    static let block = hasAVX512 ? 16 : 8
    /// oneDNN 2.6 has Winograd kernels for AVX-512 only.
    package static let hasAVX512 = dnnl_get_effective_cpu_isa().rawValue & 0x20 != 0
}

/// oneDNN's engine and the calls that can only fail by a programmer's error or for want of memory.
struct OneDNN {
    let engine: dnnl_engine_t
    let stream: dnnl_stream_t

    /// One for each thread that convolves would do as well; all calls are made on the thread that asks.
    nonisolated(unsafe) static let shared = OneDNN()

    private init() {
        var engine: dnnl_engine_t?
        var stream: dnnl_stream_t?
        OneDNN.check(dnnl_engine_create(&engine, dnnl_cpu, 0), "engine")
        OneDNN.check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue), "stream")
        self.engine = engine!
        self.stream = stream!
    }

    static func check(_ status: dnnl_status_t, _ what: String) {
        precondition(status == dnnl_success, "oneDNN: \(what) failed with status \(status.rawValue)")
    }

    static func descriptor(_ dims: [Int], _ tag: dnnl_format_tag_t) -> dnnl_memory_desc_t {
        var result = dnnl_memory_desc_t()
        let dims = dims.map { dnnl_dim_t($0) }
        check(dnnl_memory_desc_init_by_tag(&result, Int32(dims.count), dims, dnnl_f32, tag), "descriptor of \(dims)")
        return result
    }

    static func descriptor(of shape: MapShape) -> dnnl_memory_desc_t {
        let block = FeatureMap.block(channels: shape.channels)
        let tag = block == 1 ? dnnl_abcd : block == 8 ? dnnl_aBcd8b : dnnl_aBcd16b
        return descriptor([shape.count, shape.channels, shape.height, shape.width], tag)
    }

    func memory(_ descriptor: dnnl_memory_desc_t, at values: UnsafeMutablePointer<Float>) -> dnnl_memory_t {
        var descriptor = descriptor
        var memory: dnnl_memory_t?
        OneDNN.check(dnnl_memory_create(&memory, &descriptor, engine, values), "memory")
        return memory!
    }

    /// Copies between two layouts of one array.
    func reorder(
        _ from: dnnl_memory_desc_t, _ source: UnsafeMutablePointer<Float>, _ to: dnnl_memory_desc_t,
        _ target: UnsafeMutablePointer<Float>
    ) {
        var (from, to) = (from, to)
        var description: dnnl_primitive_desc_t?
        OneDNN.check(
            dnnl_reorder_primitive_desc_create(&description, &from, engine, &to, engine, nil), "reorder of weights")
        defer { dnnl_primitive_desc_destroy(description) }
        var primitive: dnnl_primitive_t?
        OneDNN.check(dnnl_primitive_create(&primitive, description), "reorder of weights")
        defer { dnnl_primitive_destroy(primitive) }
        let (a, b) = (memory(from, at: source), memory(to, at: target))
        defer {
            dnnl_memory_destroy(a)
            dnnl_memory_destroy(b)
        }
        execute(primitive!, [(DNNL_ARG_FROM, a), (DNNL_ARG_TO, b)])
    }

    func execute(_ primitive: dnnl_primitive_t, _ arguments: [(Int32, dnnl_memory_t)]) {
        let arguments = arguments.map { dnnl_exec_arg_t(arg: $0.0, memory: $0.1) }
        OneDNN.check(dnnl_primitive_execute(primitive, stream, Int32(arguments.count), arguments), "execution")
        OneDNN.check(dnnl_stream_wait(stream), "execution")
    }
}
