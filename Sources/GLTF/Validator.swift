internal import Foundation

/// One breach of the specification.
package struct Finding: Sendable, Equatable, CustomStringConvertible {
    /// The rules, after the codes of the Khronos glTF Validator where it has one.
    package enum Rule: String, Sendable, CaseIterable {
        case container, json, version, undefinedReference, bufferLength, bufferViewBounds, bufferViewStride
        case bufferViewTarget, accessorAlignment, accessorBounds, boundsMissing, boundsMismatch, notFinite
        case normalNotUnit, indexOutOfBounds, primitiveRestart, indexType, triangleCount, attributeType
        case attributeCount, positionMissing, sparseOrder, sparseBounds, sparseView, targetCount, targetAttribute
        case targetNames, weightCount, materialFactor, alphaMode, imageSignature, imageSource, unusedObject
        case nodeLoop
    }

    package var rule: Rule
    /// JSON pointer to what is wrong; empty for the container.
    package var pointer: String
    package var message: String

    package var description: String { "\(rule.rawValue) at \(pointer.isEmpty ? "/" : pointer): \(message)" }
}

/// Checks a GLB against the structural rules of glTF 2.0 that apply to an unskinned, unanimated mesh.
package struct Validator {
    /// All breaches, in the order of the document; empty for a valid file.
    package static func findings(in file: [UInt8]) -> [Finding] {
        let container: BinaryContainer
        do { container = try BinaryContainer(file) } catch {
            let rule: Finding.Rule =
                switch error {
                case .container: .container
                case .json: .json
                case .reference: .bufferLength
                case .unsupported: .version
                }
            return [Finding(rule: rule, pointer: "", message: error.description)]
        }
        var validator = Validator(container: container)
        validator.checkPadding(file)
        validator.checkScenes()
        validator.checkBufferViews()
        validator.checkAccessors()
        validator.checkMeshes()
        validator.checkMaterials()
        validator.checkUse()
        return validator.findings
    }

    /// What a list's elements are used by.
    enum List: String, CaseIterable {
        case scenes, nodes, meshes, materials, textures, images, samplers, accessors, bufferViews
    }

    let container: BinaryContainer
    var document: Document { container.document }
    var findings: [Finding] = []
    private var used: [List: Set<Int>] = [:]
    /// Floats of each accessor that was read and is sound.
    var floats: [Int: [Float]] = [:]

    private init(container: BinaryContainer) { self.container = container }

    mutating func report(_ rule: Finding.Rule, _ pointer: String, _ message: String) {
        findings.append(Finding(rule: rule, pointer: pointer, message: message))
    }

    /// Notes that `index` of `list` is used from `pointer`; whether it exists.
    mutating func use(_ list: List, _ index: Int?, _ pointer: String) -> Bool {
        guard let index else { return false }
        guard (0..<count(list)).contains(index) else {
            report(.undefinedReference, pointer, "\(list.rawValue) has no element \(index)")
            return false
        }
        used[list, default: []].insert(index)
        return true
    }

    private func count(_ list: List) -> Int {
        switch list {
        case .scenes: document.scenes.count
        case .nodes: document.nodes.count
        case .meshes: document.meshes.count
        case .materials: document.materials.count
        case .textures: document.textures.count
        case .images: document.images.count
        case .samplers: document.samplers.count
        case .accessors: document.accessors.count
        case .bufferViews: document.bufferViews.count
        }
    }

    private mutating func checkPadding(_ file: [UInt8]) {
        guard let chunks = try? BinaryContainer.chunks(file) else { return }
        if let binary = chunks.binary {
            guard let buffer = document.buffers.first else {
                return report(.unusedObject, "/buffers", "the binary chunk has no buffer")
            }
            if binary.count - buffer.byteLength > 3 {
                report(.bufferLength, "/buffers/0", "\(buffer.byteLength) of \(binary.count) bytes in the chunk")
            }
            if file[binary].suffix(binary.count - buffer.byteLength).contains(where: { $0 != 0 }) {
                report(.container, "", "the binary chunk is not padded with zeros")
            }
        }
    }

    private mutating func checkScenes() {
        if document.scene != nil { _ = use(.scenes, document.scene, "/scene") }
        for (s, scene) in document.scenes.enumerated() {
            _ = use(.scenes, s, "/scenes/\(s)")
            for (n, node) in scene.nodes.enumerated() { _ = use(.nodes, node, "/scenes/\(s)/nodes/\(n)") }
        }
        var parents = [Int](repeating: 0, count: document.nodes.count)
        for (n, node) in document.nodes.enumerated() {
            for (c, child) in node.children.enumerated() where use(.nodes, child, "/nodes/\(n)/children/\(c)") {
                parents[child] += 1
            }
            if node.mesh != nil, use(.meshes, node.mesh, "/nodes/\(n)/mesh"), !node.weights.isEmpty,
                node.weights.count != document.meshes[node.mesh!].primitives.first?.targets.count
            {
                report(.weightCount, "/nodes/\(n)/weights", "\(node.weights.count) weights")
            }
        }
        for (n, count) in parents.enumerated() where count > 1 || document.nodes[n].children.contains(n) {
            report(.nodeLoop, "/nodes/\(n)", "nodes must be trees")
        }
    }

    private mutating func checkBufferViews() {
        for (v, view) in document.bufferViews.enumerated() {
            let pointer = "/bufferViews/\(v)"
            if (try? container.range(ofView: v)) == nil {
                report(.bufferViewBounds, pointer, "reaches outside the buffer of \(container.binary.count) bytes")
            }
            if let stride = view.byteStride {
                if stride % 4 != 0 || !(4...252).contains(stride) {
                    report(.bufferViewStride, pointer + "/byteStride", "\(stride) is no multiple of 4 in 4...252")
                }
                if view.target == Document.BufferView.elementArrayBuffer {
                    report(.bufferViewStride, pointer + "/byteStride", "indices have no stride")
                }
            }
            if let target = view.target,
                ![Document.BufferView.arrayBuffer, Document.BufferView.elementArrayBuffer].contains(target)
            {
                report(.bufferViewTarget, pointer + "/target", "\(target)")
            }
        }
    }

    private mutating func checkUse() {
        for list in List.allCases {
            for index in 0..<count(list) where used[list]?.contains(index) != true {
                report(.unusedObject, "/\(list.rawValue)/\(index)", "nothing uses it")
            }
        }
    }
}
