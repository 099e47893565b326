extension BinaryContainer {
    /// More components than this are refused before memory is asked for: a few bytes of JSON may claim any count.
    static let largestComponentCount = 1 << 22

    /// The values of a float accessor, sparse ones applied: `count` × components, element by element.
    package func floats(_ index: Int, shape: Document.Accessor.Shape) throws(GLTFError) -> [Float] {
        let accessor = try accessor(index)
        guard accessor.componentType == .float, accessor.type == shape else {
            throw .unsupported("accessor \(index) of \(accessor.type.rawValue) \(accessor.componentType)")
        }
        return try words(index).map { Float(bitPattern: $0) }
    }

    /// The values of an accessor of unsigned integers, widened.
    package func unsigned(_ index: Int) throws(GLTFError) -> [UInt32] {
        let accessor = try accessor(index)
        guard [.uint8, .uint16, .uint32].contains(accessor.componentType), accessor.type == .scalar else {
            throw .unsupported("accessor \(index) of \(accessor.type.rawValue) \(accessor.componentType)")
        }
        return try words(index)
    }

    /// The bytes of a buffer view.
    package func bytes(ofView index: Int) throws(GLTFError) -> ArraySlice<UInt8> { binary[try range(ofView: index)] }

    func accessor(_ index: Int) throws(GLTFError) -> Document.Accessor {
        guard document.accessors.indices.contains(index) else {
            throw .reference(pointer: "/accessors/\(index)", "there is none")
        }
        return document.accessors[index]
    }

    func range(ofView index: Int) throws(GLTFError) -> Range<Int> {
        let pointer = "/bufferViews/\(index)"
        guard document.bufferViews.indices.contains(index) else { throw .reference(pointer: pointer, "there is none") }
        let view = document.bufferViews[index]
        let offset = view.byteOffset ?? 0
        guard view.buffer == 0, offset >= 0, view.byteLength >= 1, offset <= binary.count,
            view.byteLength <= binary.count - offset
        else { throw .reference(pointer: pointer, "reaches outside the buffer") }
        return offset..<offset + view.byteLength
    }

    /// Bit patterns, one a component: floats as they are, integers widened without sign.
    func words(_ index: Int) throws(GLTFError) -> [UInt32] {
        let accessor = try accessor(index)
        let pointer = "/accessors/\(index)"
        let components = accessor.type.components
        guard accessor.count >= 1, accessor.count <= Self.largestComponentCount / components else {
            throw .reference(pointer: pointer, "count \(accessor.count)")
        }
        var values: [UInt32]
        if let view = accessor.bufferView {
            let stride = document.bufferViews.indices.contains(view) ? document.bufferViews[view].byteStride : nil
            values = try words(
                pointer: pointer, view: view, offset: accessor.byteOffset ?? 0, type: accessor.componentType,
                components: components, count: accessor.count, stride: stride)
        } else {
            values = [UInt32](repeating: 0, count: accessor.count * components)
        }
        guard let sparse = accessor.sparse else { return values }
        guard sparse.count >= 1, sparse.count <= accessor.count else {
            throw .reference(pointer: pointer + "/sparse", "count \(sparse.count)")
        }
        let places = try sparseIndices(index, sparse)
        let replacements = try words(
            pointer: pointer + "/sparse/values", view: sparse.values.bufferView, offset: sparse.values.byteOffset ?? 0,
            type: accessor.componentType, components: components, count: sparse.count, stride: nil)
        for (k, place) in places.enumerated() {
            guard Int(place) < accessor.count else {
                throw .reference(pointer: pointer + "/sparse/indices", "\(place) of \(accessor.count)")
            }
            for c in 0..<components { values[Int(place) * components + c] = replacements[k * components + c] }
        }
        return values
    }

    func sparseIndices(
        _ index: Int, _ sparse: Document.Accessor.Sparse
    ) throws(GLTFError) -> [UInt32] {
        let pointer = "/accessors/\(index)/sparse/indices"
        guard [.uint8, .uint16, .uint32].contains(sparse.indices.componentType) else {
            throw .reference(pointer: pointer, "indices of \(sparse.indices.componentType)")
        }
        return try words(
            pointer: pointer, view: sparse.indices.bufferView, offset: sparse.indices.byteOffset ?? 0,
            type: sparse.indices.componentType, components: 1, count: sparse.count, stride: nil)
    }

    private func words(
        pointer: String, view: Int, offset: Int, type: Document.Accessor.ComponentType, components: Int, count: Int,
        stride: Int?
    ) throws(GLTFError) -> [UInt32] {
        let range = try range(ofView: view)
        let element = type.size * components
        let stride = stride ?? element
        guard stride >= element, stride <= 252 || stride == element, offset >= 0, count >= 1, offset <= range.count,
            count <= Self.largestComponentCount,
            stride * (count - 1) + element <= range.count - offset
        else { throw .reference(pointer: pointer, "reaches outside its buffer view") }
        let base = range.lowerBound + offset
        return binary.withUnsafeBufferPointer { bytes in
            var values: [UInt32] = []
            values.reserveCapacity(count * components)
            for i in 0..<count {
                for c in 0..<components {
                    let at = base + i * stride + c * type.size
                    var word: UInt32 = 0
                    for b in 0..<type.size { word |= UInt32(bytes[at + b]) << UInt32(8 * b) }
                    values.append(word)
                }
            }
            return values
        }
    }
}
