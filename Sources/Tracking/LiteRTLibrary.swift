internal import CLiteRT
internal import Foundation

/// LiteRT's entry points and its one environment, loaded from a pinned shared library. Lives as long as the process:
/// unloading gains nothing. Thread safety of LiteRT's objects is not documented, so each compiled model has one owner.
package final class LiteRTLibrary: @unchecked Sendable {
    // @unchecked: immutable after init; the environment is only handed to calls that LiteRT locks itself.
    let environment: CLiteRT_Object
    let createModel: CLiteRT_CreateModelFromBuffer
    let destroyModel: CLiteRT_Destroy
    let createOptions: CLiteRT_CreateOptions
    let destroyOptions: CLiteRT_Destroy
    let setHardware: CLiteRT_SetHardware
    let createOpaqueOptions: CLiteRT_CreateOpaqueOptions
    let addOpaqueOptions: CLiteRT_AddOpaqueOptions
    let createCompiledModel: CLiteRT_CreateCompiledModel
    let destroyCompiledModel: CLiteRT_Destroy
    let signature: CLiteRT_GetSignature
    let inputCount: CLiteRT_GetCount
    let outputCount: CLiteRT_GetCount
    let inputTensor: CLiteRT_GetTensor
    let outputTensor: CLiteRT_GetTensor
    let tensorType: CLiteRT_GetTensorType
    let inputRequirements: CLiteRT_GetRequirements
    let outputRequirements: CLiteRT_GetRequirements
    let requiredSize: CLiteRT_GetCount
    let createHostBuffer: CLiteRT_CreateHostBuffer
    let destroyBuffer: CLiteRT_Destroy
    let run: CLiteRT_Run

    /// - Parameter directory: holds `libLiteRt.so`, whose hash is checked before it is loaded.
    package init(directory: String) throws(ModelError) {
        _ = try PinnedFile.runtime.load(from: directory)
        let path = directory + "/" + PinnedFile.runtime.rawValue
        guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw ModelError(.refused(call: dlerror().map { String(cString: $0) } ?? "dlopen", status: -1), file: path)
        }
        func symbol<Function>(_ name: String, as type: Function.Type) throws(ModelError) -> Function {
            guard let address = dlsym(library, "LiteRt" + name) else {
                throw ModelError(.refused(call: "dlsym(\(name))", status: -1), file: path)
            }
            return unsafeBitCast(address, to: type)
        }
        createModel = try symbol("CreateModelFromBuffer", as: CLiteRT_CreateModelFromBuffer.self)
        destroyModel = try symbol("DestroyModel", as: CLiteRT_Destroy.self)
        createOptions = try symbol("CreateOptions", as: CLiteRT_CreateOptions.self)
        destroyOptions = try symbol("DestroyOptions", as: CLiteRT_Destroy.self)
        setHardware = try symbol("SetOptionsHardwareAccelerators", as: CLiteRT_SetHardware.self)
        createOpaqueOptions = try symbol("CreateOpaqueOptions", as: CLiteRT_CreateOpaqueOptions.self)
        addOpaqueOptions = try symbol("AddOpaqueOptions", as: CLiteRT_AddOpaqueOptions.self)
        createCompiledModel = try symbol("CreateCompiledModel", as: CLiteRT_CreateCompiledModel.self)
        destroyCompiledModel = try symbol("DestroyCompiledModel", as: CLiteRT_Destroy.self)
        signature = try symbol("GetModelSignature", as: CLiteRT_GetSignature.self)
        inputCount = try symbol("GetNumSignatureInputs", as: CLiteRT_GetCount.self)
        outputCount = try symbol("GetNumSignatureOutputs", as: CLiteRT_GetCount.self)
        inputTensor = try symbol("GetSignatureInputTensorByIndex", as: CLiteRT_GetTensor.self)
        outputTensor = try symbol("GetSignatureOutputTensorByIndex", as: CLiteRT_GetTensor.self)
        tensorType = try symbol("GetRankedTensorType", as: CLiteRT_GetTensorType.self)
        inputRequirements = try symbol("GetCompiledModelInputBufferRequirements", as: CLiteRT_GetRequirements.self)
        outputRequirements = try symbol("GetCompiledModelOutputBufferRequirements", as: CLiteRT_GetRequirements.self)
        requiredSize = try symbol("GetTensorBufferRequirementsBufferSize", as: CLiteRT_GetCount.self)
        createHostBuffer = try symbol("CreateTensorBufferFromHostMemory", as: CLiteRT_CreateHostBuffer.self)
        destroyBuffer = try symbol("DestroyTensorBuffer", as: CLiteRT_Destroy.self)
        run = try symbol("RunCompiledModel", as: CLiteRT_Run.self)
        let create = try symbol("CreateEnvironment", as: CLiteRT_CreateEnvironment.self)
        // Tag 25: log errors only. Tag 24: register the CPU accelerator alone, so that no GPU library is looked for.
        let options = [(25, 3), (24, 1)].map {
            CLiteRT_EnvironmentOption(tag: $0.0, value: CLiteRT_Any(type: 2, integer: $0.1))
        }
        var object: CLiteRT_Object?
        let status = create(Int32(options.count), options, &object)
        guard status == 0, let object else {
            throw ModelError(.refused(call: "CreateEnvironment", status: status), file: path)
        }
        environment = object
    }
}
