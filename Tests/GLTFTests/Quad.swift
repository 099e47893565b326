import GLTF

/// The smallest head: a quad of four vertices in two primitives, textured, with two sparse morph targets.
enum Quad {
    /// A PNG's signature; no test decodes the rest.
    static let picture: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3]
    static let positions: [Float] = [0, 0, 0, 1, 0, 0, 1, 0.1, 0, 0, 0.1, 0.3]
    static let triangles: [UInt32] = [0, 1, 2, 0, 2, 3]

    static func container() -> BinaryContainer {
        var builder = ContainerBuilder(asset: Document.Asset(generator: "test"))
        let vertices = builder.view(
            positions.littleEndianBytes, stride: 12, target: Document.BufferView.arrayBuffer)
        let normals = [Float]([0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0])
        let directions = builder.view(normals.littleEndianBytes, target: Document.BufferView.arrayBuffer)
        let uv = [Float]([0, 0, 1, 0, 1, 1, 0, 1])
        let coordinates = builder.view(uv.littleEndianBytes, target: Document.BufferView.arrayBuffer)
        let faces = builder.view(
            triangles.littleEndianBytes(.uint16), target: Document.BufferView.elementArrayBuffer)
        let places = builder.view([UInt32]([1, 3]).littleEndianBytes(.uint16))
        let values = builder.view([Float]([0, 0, 0.5, 0.25, 0, 0]).littleEndianBytes)
        let position = builder.accessor(
            view: vertices, byteOffset: 0, values: positions, type: .vec3, bounded: true)
        let normal = builder.accessor(view: directions, byteOffset: 0, values: normals, type: .vec3)
        let coordinate = builder.accessor(view: coordinates, byteOffset: 0, values: uv, type: .vec2)
        let index = builder.append(
            Document.Accessor(
                bufferView: faces, byteOffset: 0, componentType: .uint16, count: triangles.count, type: .scalar))
        let moving = builder.append(
            Document.Accessor(
                componentType: .float, count: 4, type: .vec3, min: [0, 0, 0], max: [0.25, 0, 0.5],
                sparse: .init(
                    count: 2, indices: .init(bufferView: places, byteOffset: 0, componentType: .uint16),
                    values: .init(bufferView: values, byteOffset: 0))))
        let still = builder.append(
            Document.Accessor(componentType: .float, count: 4, type: .vec3, min: [0, 0, 0], max: [0, 0, 0]))
        let image = builder.view(picture)
        builder.document.images = [Document.Image(name: "skin", mimeType: "image/png", bufferView: image)]
        for name in ["normals", "roughness"] {
            builder.document.images.append(
                Document.Image(name: name, mimeType: "image/png", bufferView: builder.view(picture)))
        }
        builder.document.samplers = [
            Document.Sampler(magFilter: 9729, minFilter: 9987, wrapS: 33071, wrapT: 33071)
        ]
        builder.document.textures = (0..<3).map { Document.Texture(sampler: 0, source: $0) }
        builder.document.materials = [
            Document.Material(
                name: "skin",
                pbrMetallicRoughness: .init(
                    baseColorFactor: [1, 0.5, 0.5, 1], baseColorTexture: .init(index: 0), metallicFactor: 0,
                    roughnessFactor: 0.5, metallicRoughnessTexture: .init(index: 2)),
                normalTexture: .init(index: 1, scale: 0.5))
        ]
        let primitive = Document.Primitive(
            attributes: ["POSITION": position, "NORMAL": normal, "TEXCOORD_0": coordinate], indices: index,
            material: 0, targets: [["POSITION": moving], ["POSITION": still]])
        builder.document.meshes = [
            Document.Mesh(
                name: "Head", primitives: [primitive, primitive], weights: [0, 0],
                extras: .object(["targetNames": .array([.string("jawOpen"), .string("browInnerUp")])]))
        ]
        builder.document.nodes = [Document.Node(name: "Head", mesh: 0)]
        builder.document.scenes = [Document.Scene(nodes: [0])]
        builder.document.scene = 0
        return builder.container()
    }
}
