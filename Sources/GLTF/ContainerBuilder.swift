/// Collects buffer views, accessors and images into one buffer; offsets of views are multiples of 4.
package struct ContainerBuilder: Sendable {
    package var document: Document
    private var binary: [UInt8] = []

    package init(asset: Document.Asset) { document = Document(asset: asset) }

    package func container() -> BinaryContainer {
        var document = document
        if !binary.isEmpty { document.buffers = [Document.Buffer(byteLength: binary.count)] }
        return BinaryContainer(document: document, binary: binary)
    }

    /// Appends bytes as a buffer view; its index.
    package mutating func view(_ bytes: [UInt8], stride: Int? = nil, target: Int? = nil) -> Int {
        while binary.count % 4 != 0 { binary.append(0) }
        document.bufferViews.append(
            Document.BufferView(byteOffset: binary.count, byteLength: bytes.count, byteStride: stride, target: target))
        binary += bytes
        return document.bufferViews.count - 1
    }

    /// Appends an accessor of floats that lies in `view`, with its bounds; its index.
    package mutating func accessor(
        view: Int, byteOffset: Int, values: [Float], type: Document.Accessor.Shape, bounded: Bool = false
    ) -> Int {
        let bounds = bounded ? Self.bounds(values, components: type.components) : nil
        return append(
            Document.Accessor(
                bufferView: view, byteOffset: byteOffset, componentType: .float, count: values.count / type.components,
                type: type, min: bounds?.min, max: bounds?.max))
    }

    package mutating func append(_ accessor: Document.Accessor) -> Int {
        document.accessors.append(accessor)
        return document.accessors.count - 1
    }

    /// Least and greatest value of each component, exact.
    /// - Parameter values: elements × components, at least one element.
    package static func bounds(_ values: [Float], components: Int) -> (min: [Double], max: [Double]) {
        var (low, high) = (Array(values[0..<components]), Array(values[0..<components]))
        for (i, value) in values.enumerated() {
            low[i % components] = min(low[i % components], value)
            high[i % components] = max(high[i % components], value)
        }
        return (low.map(Double.init), high.map(Double.init))
    }
}

extension [Float] {
    /// Little-endian IEEE 754, as buffers hold them.
    package var littleEndianBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * count)
        for value in self { bytes.append(littleEndian: value.bitPattern) }
        return bytes
    }
}

extension [UInt32] {
    /// 16 or 32 bits each. 65535 restarts primitives, so as an index of a vertex it takes 32 bits.
    package func littleEndianBytes(_ type: Document.Accessor.ComponentType) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(type.size * count)
        for value in self {
            if type == .uint16 { bytes.append(littleEndian: UInt16(value)) } else { bytes.append(littleEndian: value) }
        }
        return bytes
    }
}
