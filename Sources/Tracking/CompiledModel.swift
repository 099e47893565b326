internal import CLiteRT
internal import Foundation
internal import Synchronization

/// One network on LiteRT's CPU backend (XNNPACK, one thread): floats in, floats out. Owned by one thread at a time.
package final class CompiledModel {
    private let library: LiteRTLibrary
    private let name: String
    private let bytes: UnsafeMutableRawBufferPointer
    private var model: CLiteRT_Object?
    private var compiled: CLiteRT_Object?
    private var inputs: [Buffer] = []
    private var outputs: [Buffer] = []

    private struct Buffer {
        let memory: UnsafeMutableRawBufferPointer
        let count: Int
        let object: CLiteRT_Object

        var floats: UnsafeMutableBufferPointer<Float>.SubSequence {
            memory.bindMemory(to: Float.self).prefix(count)
        }
    }

    package convenience init(_ file: PinnedFile, directory: String, library: LiteRTLibrary) throws(ModelError) {
        try self.init(bytes: file.load(from: directory), name: file.rawValue, library: library)
    }

    /// - Parameter bytes: a `.tflite` file; damaged ones are refused by LiteRT's verifier.
    package init(bytes: [UInt8], name: String, library: LiteRTLibrary) throws(ModelError) {
        self.library = library
        self.name = name
        // The model's bytes must outlive the compiled model.
        self.bytes = .allocate(byteCount: max(bytes.count, 1), alignment: 64)
        self.bytes.copyBytes(from: bytes)
        func check(_ status: Int32, _ call: String) throws(ModelError) {
            if status != 0 { throw ModelError(.refused(call: call, status: status), file: name) }
        }
        try check(library.createModel(library.environment, self.bytes.baseAddress, bytes.count, &model), "CreateModel")
        var options: CLiteRT_Object?
        try check(library.createOptions(&options), "CreateOptions")
        defer { if let options { library.destroyOptions(options) } }
        try check(library.setHardware(options!, 1), "SetHardware")
        var cpu: CLiteRT_Object?
        try check(
            library.createOpaqueOptions("xnnpack", strdup("num_threads = 1\n"), { free($0) }, &cpu), "CPU options")
        try check(library.addOpaqueOptions(options!, cpu!), "AddOpaqueOptions")
        try check(
            withoutChatter { library.createCompiledModel(library.environment, model!, options!, &compiled) },
            "CreateCompiledModel")
        var signature: CLiteRT_Object?
        try check(library.signature(model!, 0, &signature), "GetSignature")
        var (inputCount, outputCount) = (0, 0)
        try check(library.inputCount(signature!, &inputCount), "GetNumInputs")
        try check(library.outputCount(signature!, &outputCount), "GetNumOutputs")
        for i in 0..<inputCount {
            var tensor: CLiteRT_Object?
            try check(library.inputTensor(signature!, i, &tensor), "GetInputTensor")
            var requirements: CLiteRT_Object?
            try check(library.inputRequirements(compiled!, 0, i, &requirements), "GetInputRequirements")
            inputs.append(try Self.buffer(tensor!, requirements!, library, name))
        }
        for i in 0..<outputCount {
            var tensor: CLiteRT_Object?
            try check(library.outputTensor(signature!, i, &tensor), "GetOutputTensor")
            var requirements: CLiteRT_Object?
            try check(library.outputRequirements(compiled!, 0, i, &requirements), "GetOutputRequirements")
            outputs.append(try Self.buffer(tensor!, requirements!, library, name))
        }
    }

    deinit {
        for buffer in inputs + outputs {
            library.destroyBuffer(buffer.object)
            buffer.memory.deallocate()
        }
        if let compiled { library.destroyCompiledModel(compiled) }
        if let model { library.destroyModel(model) }
        bytes.deallocate()
    }

    /// Number of floats of the one input.
    package var inputCount: Int { inputs[0].count }
    /// Number of floats of each output.
    package var outputCounts: [Int] { outputs.map(\.count) }

    /// Runs the network once.
    /// - Parameter fill: writes the input tensor, row by row, in place.
    /// - Returns: each output tensor, row by row, in the model's order.
    package func run(_ fill: (inout MutableSpan<Float>) -> Void) throws(ModelError) -> [[Float]] {
        precondition(inputs.count == 1, "\(name) takes \(inputs.count) inputs")
        var input = MutableSpan(_unsafeElements: UnsafeMutableBufferPointer(rebasing: inputs[0].floats))
        fill(&input)
        var inputObjects: [CLiteRT_Object?] = inputs.map(\.object)
        var outputObjects: [CLiteRT_Object?] = outputs.map(\.object)
        let status = library.run(compiled!, 0, inputs.count, &inputObjects, outputs.count, &outputObjects)
        guard status == 0 else { throw ModelError(.refused(call: "RunCompiledModel", status: status), file: name) }
        return outputs.map { Array($0.floats) }
    }

    /// The same with the whole input tensor at hand; its size is a precondition.
    package func run(_ input: [Float]) throws(ModelError) -> [[Float]] {
        precondition(input.count == inputCount, "\(name) takes \(inputCount) floats, got \(input.count)")
        return try run { target in
            for i in input.indices { target[i] = input[i] }
        }
    }

    private static func buffer(
        _ tensor: CLiteRT_Object, _ requirements: CLiteRT_Object, _ library: LiteRTLibrary, _ name: String
    ) throws(ModelError) -> Buffer {
        var type = CLiteRT_TensorType()
        var status = library.tensorType(tensor, &type)
        guard status == 0, type.elementType == 1 else {
            throw ModelError(.refused(call: "a tensor that is not float32", status: status), file: name)
        }
        let rank = min(Int(type.rankAndStrides & 127), 8)
        let dimensions = withUnsafeBytes(of: type.dimensions) { Array($0.bindMemory(to: Int32.self).prefix(rank)) }
        // A damaged file may claim anything.
        let count = dimensions.reduce(1) { ($0 * Int(max($1, 1))).clamped(to: 1 << 28) }
        // LiteRT does not check output sizes: too small a buffer is overrun. Take the size it asks for.
        var size = 0
        status = library.requiredSize(requirements, &size)
        guard status == 0, size >= 4 * count else {
            throw ModelError(.refused(call: "GetBufferSize", status: status), file: name)
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: (size + 63) / 64 * 64, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        var object: CLiteRT_Object?
        status = library.createHostBuffer(&type, memory.baseAddress, size, nil, &object)
        guard status == 0, let object else {
            memory.deallocate()
            throw ModelError(.refused(call: "CreateTensorBuffer", status: status), file: name)
        }
        return Buffer(memory: memory, count: count, object: object)
    }
}

extension Int {
    fileprivate func clamped(to limit: Int) -> Int { self < limit ? self : limit }
}

/// TensorFlow Lite greets on standard error and has no way to be told not to; its status says all that matters.
private func withoutChatter(_ call: () -> Int32) -> Int32 {
    // One at a time: a second one would keep, and give back, the first one's nowhere.
    chatter.withLock { _ in
        let (kept, nowhere) = (dup(2), open("/dev/null", O_WRONLY | O_CLOEXEC))
        dup2(nowhere, 2)
        defer {
            dup2(kept, 2)
            close(kept)
            close(nowhere)
        }
        return call()
    }
}

private let chatter = Mutex(())
