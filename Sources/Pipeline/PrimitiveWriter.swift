internal import Face
internal import GLTF

/// Writes a head's parts as primitives: each part's vertices renumbered from 0, so that no part carries another's.
struct PrimitiveWriter {
    /// Shapes move some points by rounding errors only; below a micrometre nobody sees them and every file carries them.
    static let leastOffset: Float = 1e-6

    let avatar: Avatar
    let parts: [Topology.Part]

    private struct Vertices {
        /// Vertex numbers of the topology, ascending.
        var numbers: [Int]
        /// Indices into `numbers`, three a triangle.
        var triangles: [UInt32]
    }

    func write(to builder: inout ContainerBuilder) -> [Document.Primitive] {
        let topology = avatar.topology
        let normals = topology.normals(points: avatar.points)
        let vertices = parts.map { part in
            let numbers = Set(part.triangles).sorted()
            let local = Dictionary(uniqueKeysWithValues: numbers.enumerated().map { ($1, UInt32($0)) })
            return Vertices(numbers: numbers.map(Int.init), triangles: part.triangles.map { local[$0]! })
        }
        func point(_ vertex: Int) -> Int { Int(topology.pointOfVertex[vertex]) }
        let positions = attribute(
            vertices.map { $0.numbers.flatMap { avatar.points[point($0)].list } }, .vec3, bounded: true, &builder)
        let directions = attribute(
            vertices.map { $0.numbers.flatMap { normals[point($0)].list } }, .vec3, bounded: false, &builder)
        let coordinates = attribute(
            vertices.map { $0.numbers.flatMap { [topology.uv[$0].x, topology.uv[$0].y] } }, .vec2, bounded: false,
            &builder)
        let indices = indices(vertices.map { ($0.triangles, $0.numbers.count) }, &builder)
        let targets = targets(vertices.map { $0.numbers.map(point) }, &builder)
        return vertices.indices.map { i in
            Document.Primitive(
                attributes: ["POSITION": positions[i], "NORMAL": directions[i], "TEXCOORD_0": coordinates[i]],
                indices: indices[i], material: i, targets: targets[i].map { ["POSITION": $0] })
        }
    }

    /// One buffer view for all parts, one accessor a part.
    private func attribute(
        _ lists: [[Float]], _ shape: Document.Accessor.Shape, bounded: Bool, _ builder: inout ContainerBuilder
    ) -> [Int] {
        let view = builder.view(
            lists.flatMap(\.littleEndianBytes), stride: 4 * shape.components, target: Document.BufferView.arrayBuffer)
        var offset = 0
        return lists.map { values in
            defer { offset += 4 * values.count }
            return builder.accessor(view: view, byteOffset: offset, values: values, type: shape, bounded: bounded)
        }
    }

    private func indices(_ lists: [(triangles: [UInt32], vertices: Int)], _ builder: inout ContainerBuilder) -> [Int] {
        lists.map { triangles, vertices in
            let type = Self.indexType(vertices)
            let view = builder.view(
                triangles.littleEndianBytes(type), target: Document.BufferView.elementArrayBuffer)
            return builder.append(
                Document.Accessor(
                    bufferView: view, byteOffset: 0, componentType: type, count: triangles.count, type: .scalar))
        }
    }

    /// 65535 itself restarts primitives.
    private static func indexType(_ count: Int) -> Document.Accessor.ComponentType {
        count <= 65535 ? .uint16 : .uint32
    }

    /// Accessors of each part's morph targets, in the order of the expressions. What a target does not move shares one
    /// accessor of zeros.
    /// - Parameter points: the point of each vertex of each part.
    private func targets(_ points: [[Int]], _ builder: inout ContainerBuilder) -> [[Int]] {
        var indexBytes: [UInt8] = []
        var valueBytes: [UInt8] = []
        var pending: [(part: Int, shape: Int, accessor: Document.Accessor)] = []
        for (s, shape) in avatar.expressions.enumerated() {
            var offsets = [SIMD3<Float>](repeating: .zero, count: avatar.points.count)
            for (point, offset) in zip(shape.points, shape.offsets) {
                let isSeen = (offset * offset).sum() > Self.leastOffset * Self.leastOffset
                offsets[Int(point)] = isSeen ? offset : .zero
            }
            for (p, points) in points.enumerated() {
                let moved = points.indices.filter { offsets[points[$0]] != .zero }
                let values = moved.flatMap { offsets[points[$0]].list }
                let type = Self.indexType(points.count)
                while indexBytes.count % 4 != 0 { indexBytes.append(0) }
                // Vertices that stay count too: their offset is zero.
                let bounds = ContainerBuilder.bounds(
                    values + (moved.count < points.count ? [0, 0, 0] : []), components: 3)
                pending.append(
                    (
                        p, s,
                        Document.Accessor(
                            componentType: .float, count: points.count, type: .vec3, min: bounds.min, max: bounds.max,
                            sparse: moved.isEmpty
                                ? nil
                                : Document.Accessor.Sparse(
                                    count: moved.count,
                                    indices: .init(
                                        bufferView: 0, byteOffset: indexBytes.count, componentType: type),
                                    values: .init(bufferView: 0, byteOffset: valueBytes.count)))
                    ))
                indexBytes += moved.map { UInt32($0) }.littleEndianBytes(type)
                valueBytes += values.littleEndianBytes
            }
        }
        var accessors = points.map { _ in [Int](repeating: 0, count: avatar.expressions.count) }
        var still = [Int?](repeating: nil, count: points.count)
        let views = indexBytes.isEmpty ? nil : (builder.view(indexBytes), builder.view(valueBytes))
        for (part, shape, unplaced) in pending {
            var accessor = unplaced
            if let views {
                accessor.sparse?.indices.bufferView = views.0
                accessor.sparse?.values.bufferView = views.1
            }
            if accessor.sparse == nil, let shared = still[part] {
                accessors[part][shape] = shared
                continue
            }
            accessors[part][shape] = builder.append(accessor)
            if accessor.sparse == nil { still[part] = accessors[part][shape] }
        }
        return accessors
    }
}

extension SIMD3<Float> {
    fileprivate var list: [Float] { [x, y, z] }
}
