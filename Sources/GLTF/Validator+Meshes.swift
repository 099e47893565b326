extension Validator {
    mutating func checkMeshes() {
        for (m, mesh) in document.meshes.enumerated() {
            let pointer = "/meshes/\(m)"
            if mesh.primitives.isEmpty { report(.json, pointer + "/primitives", "is empty") }
            for (p, primitive) in mesh.primitives.enumerated() {
                checkPrimitive(primitive, "\(pointer)/primitives/\(p)")
            }
            let counts = Set(mesh.primitives.map(\.targets.count))
            if counts.count > 1 {
                report(.targetCount, pointer, "primitives have \(counts.sorted()) morph targets")
            }
            let count = mesh.primitives.first?.targets.count ?? 0
            if !mesh.weights.isEmpty, mesh.weights.count != count {
                report(.weightCount, pointer + "/weights", "\(mesh.weights.count) weights for \(count) targets")
            }
            if let names = mesh.extras?["targetNames"] {
                let strings = names.array?.compactMap(\.string) ?? []
                if strings.count != count || strings.count != names.array?.count {
                    report(.targetNames, pointer + "/extras/targetNames", "\(strings.count) names for \(count) targets")
                } else if Set(strings).count != strings.count {
                    report(.targetNames, pointer + "/extras/targetNames", "a name occurs twice")
                }
            }
        }
    }

    private mutating func checkPrimitive(_ primitive: Document.Primitive, _ pointer: String) {
        if primitive.material != nil { _ = use(.materials, primitive.material, pointer + "/material") }
        var vertices: Int?
        if primitive.attributes["POSITION"] == nil {
            report(.positionMissing, pointer + "/attributes", "POSITION is missing")
        }
        for (semantic, index) in primitive.attributes.sorted(by: { $0.key < $1.key }) {
            let place = "\(pointer)/attributes/\(semantic)"
            guard use(.accessors, index, place) else { continue }
            let accessor = document.accessors[index]
            checkAttribute(semantic, accessor, index, place)
            checkVertexView(accessor, place)
            if let vertices, vertices != accessor.count {
                report(.attributeCount, place, "\(accessor.count) elements beside \(vertices)")
            }
            vertices = vertices ?? accessor.count
        }
        if primitive.indices != nil, use(.accessors, primitive.indices, pointer + "/indices") {
            checkIndices(primitive, vertices: vertices ?? 0, pointer + "/indices")
        } else if primitive.indices == nil, (primitive.mode ?? 4) == 4, (vertices ?? 0) % 3 != 0 {
            report(.triangleCount, pointer, "\(vertices ?? 0) vertices make no triangles")
        }
        for (t, target) in primitive.targets.enumerated() {
            for (semantic, index) in target.sorted(by: { $0.key < $1.key }) {
                let place = "\(pointer)/targets/\(t)/\(semantic)"
                guard use(.accessors, index, place) else { continue }
                let accessor = document.accessors[index]
                if !["POSITION", "NORMAL", "TANGENT"].contains(semantic) || primitive.attributes[semantic] == nil {
                    report(.targetAttribute, place, "the primitive has no such attribute to morph")
                }
                if accessor.componentType != .float || accessor.type != .vec3 {
                    report(.attributeType, place, "\(accessor.type.rawValue) of \(accessor.componentType)")
                }
                if accessor.count != vertices {
                    report(.attributeCount, place, "\(accessor.count) elements for \(vertices ?? 0) vertices")
                }
                checkVertexView(accessor, place)
                if semantic == "POSITION", accessor.min == nil || accessor.max == nil {
                    report(.boundsMissing, place, "positions state their min and max")
                }
            }
        }
    }

    private mutating func checkAttribute(
        _ semantic: String, _ accessor: Document.Accessor, _ index: Int, _ pointer: String
    ) {
        typealias Shape = Document.Accessor.Shape
        let isFloat = accessor.componentType == .float
        let fits: Bool =
            switch semantic {
            case "POSITION", "NORMAL": isFloat && accessor.type == .vec3
            case "TANGENT": isFloat && accessor.type == .vec4
            case _ where semantic.hasPrefix("TEXCOORD_"): isFloat && accessor.type == .vec2
            case _ where semantic.hasPrefix("_"), _ where semantic.hasPrefix("COLOR_"): true
            default: false
            }
        if !fits { report(.attributeType, pointer, "\(accessor.type.rawValue) of \(accessor.componentType)") }
        if semantic == "POSITION", accessor.min == nil || accessor.max == nil {
            report(.boundsMissing, pointer, "positions state their min and max")
        }
        if semantic == "NORMAL", fits, let values = floats[index] {
            for i in stride(from: 0, to: values.count - 2, by: 3) {
                let length = (values[i] * values[i] + values[i + 1] * values[i + 1] + values[i + 2] * values[i + 2])
                    .squareRoot()
                // The Khronos validator's tolerance; false for NaN too.
                if !(abs(length - 1) < 0.0005) {
                    return report(.normalNotUnit, pointer, "normal \(i / 3) has the length \(length)")
                }
            }
        }
    }

    private mutating func checkVertexView(_ accessor: Document.Accessor, _ pointer: String) {
        guard let view = accessor.bufferView, document.bufferViews.indices.contains(view) else { return }
        if document.bufferViews[view].target == Document.BufferView.elementArrayBuffer {
            report(.bufferViewTarget, pointer, "vertices in a buffer view of indices")
        }
        let element = accessor.componentType.size * accessor.type.components
        if (accessor.byteOffset ?? 0) % 4 != 0 || (document.bufferViews[view].byteStride ?? element) % 4 != 0 {
            report(.accessorAlignment, pointer, "vertex attributes lie at multiples of 4")
        }
    }

    private mutating func checkIndices(_ primitive: Document.Primitive, vertices: Int, _ pointer: String) {
        let index = primitive.indices!
        let accessor = document.accessors[index]
        guard accessor.type == .scalar, [.uint8, .uint16, .uint32].contains(accessor.componentType) else {
            return report(.indexType, pointer, "\(accessor.type.rawValue) of \(accessor.componentType)")
        }
        if let view = accessor.bufferView, document.bufferViews.indices.contains(view),
            document.bufferViews[view].target == Document.BufferView.arrayBuffer
        {
            report(.bufferViewTarget, pointer, "indices in a buffer view of vertices")
        }
        if (primitive.mode ?? 4) == 4, accessor.count % 3 != 0 {
            report(.triangleCount, pointer, "\(accessor.count) indices make no triangles")
        }
        guard let values = try? container.unsigned(index), let greatest = values.max() else { return }
        let restart: UInt32 =
            switch accessor.componentType {
            case .uint8: 0xFF
            case .uint16: 0xFFFF
            default: 0xFFFF_FFFF
            }
        if greatest == restart {
            report(.primitiveRestart, pointer, "\(greatest) restarts primitives")
        } else if Int(greatest) >= vertices {
            report(.indexOutOfBounds, pointer, "\(greatest) of \(vertices) vertices")
        }
    }
}
