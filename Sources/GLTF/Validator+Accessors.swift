extension Validator {
    mutating func checkAccessors() {
        for (a, accessor) in document.accessors.enumerated() {
            let pointer = "/accessors/\(a)"
            if let view = accessor.bufferView, use(.bufferViews, view, pointer + "/bufferView") {
                checkAlignment(
                    pointer, offset: accessor.byteOffset ?? 0, view: view, size: accessor.componentType.size)
                if let stride = document.bufferViews[view].byteStride,
                    stride < accessor.componentType.size * accessor.type.components
                {
                    report(.bufferViewStride, pointer, "elements are longer than the stride \(stride)")
                }
            }
            checkSparse(accessor, a, pointer)
            let words: [UInt32]
            do { words = try container.words(a) } catch {
                report(.accessorBounds, pointer, error.description)
                continue
            }
            if accessor.componentType == .float {
                let values = words.map { Float(bitPattern: $0) }
                floats[a] = values
                if let i = values.firstIndex(where: { !$0.isFinite }) {
                    report(.notFinite, pointer, "element \(i / accessor.type.components) is \(values[i])")
                    continue
                }
                checkBounds(accessor, values.map(Double.init), pointer)
            } else if accessor.componentType != .int8 && accessor.componentType != .int16 {
                checkBounds(accessor, words.map(Double.init), pointer)
            }
        }
    }

    private mutating func checkAlignment(_ pointer: String, offset: Int, view: Int, size: Int) {
        let start = document.bufferViews[view].byteOffset ?? 0
        // Wrapping: whether it overflows, the bounds say.
        if offset % size != 0 || (start &+ offset) % size != 0 {
            report(.accessorAlignment, pointer, "byte \(start &+ offset) is no multiple of \(size)")
        }
    }

    private mutating func checkBounds(_ accessor: Document.Accessor, _ values: [Double], _ pointer: String) {
        let components = accessor.type.components
        func compare(_ stated: [Double]?, _ name: String, _ better: (Double, Double) -> Double) -> String? {
            guard let stated else { return nil }
            guard stated.count == components else { return "\(name) has \(stated.count) numbers" }
            for c in 0..<components {
                let actual = stride(from: c, to: values.count, by: components).reduce(values[c]) {
                    better($0, values[$1])
                }
                if stated[c] != actual { return "\(name)[\(c)] is \(actual), not \(stated[c])" }
            }
            return nil
        }
        for message in [compare(accessor.min, "min", Swift.min), compare(accessor.max, "max", Swift.max)] {
            if let message { report(.boundsMismatch, pointer, message) }
        }
    }

    private mutating func checkSparse(_ accessor: Document.Accessor, _ index: Int, _ pointer: String) {
        guard let sparse = accessor.sparse else { return }
        let views = [
            ("indices", sparse.indices.bufferView, sparse.indices.byteOffset ?? 0, sparse.indices.componentType.size),
            ("values", sparse.values.bufferView, sparse.values.byteOffset ?? 0, accessor.componentType.size),
        ]
        for (name, view, offset, size) in views {
            let place = "\(pointer)/sparse/\(name)"
            guard use(.bufferViews, view, place + "/bufferView") else { return }
            checkAlignment(place, offset: offset, view: view, size: size)
            if document.bufferViews[view].target != nil || document.bufferViews[view].byteStride != nil {
                report(.sparseView, place, "its buffer view has a target or stride")
            }
        }
        guard sparse.count >= 1, sparse.count <= accessor.count else {
            return report(.sparseBounds, pointer + "/sparse/count", "\(sparse.count) of \(accessor.count)")
        }
        guard let places = try? container.sparseIndices(index, sparse) else { return }
        for i in places.indices.dropFirst() where places[i] <= places[i - 1] {
            return report(.sparseOrder, pointer + "/sparse/indices", "\(places[i]) follows \(places[i - 1])")
        }
        if let last = places.last, Int(last) >= accessor.count {
            report(.sparseBounds, pointer + "/sparse/indices", "\(last) of \(accessor.count)")
        }
    }
}
