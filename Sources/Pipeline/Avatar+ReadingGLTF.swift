package import Face
internal import GLTF
internal import Tensors

extension Avatar {
    /// Reads a file that `glb()` wrote: enough to draw it and to measure it.
    ///
    /// A file has no points, only vertices: those of equal position and normal become one point, numbered in the order of
    /// the file. Which point mirrors which is lost: each mirrors itself.
    /// - Throws: `GLTFError`, `PNGError` or `JPEGError` for any other file.
    package init(glb file: [UInt8]) throws {
        let container = try BinaryContainer(file)
        let document = container.document
        guard document.meshes.count == 1, let mesh = document.meshes.first else {
            throw GLTFError.unsupported("an avatar of \(document.meshes.count) meshes")
        }
        let names = mesh.extras?["targetNames"]?.array?.compactMap(\.string) ?? []
        guard mesh.primitives.allSatisfy({ $0.targets.count == names.count }) else {
            throw GLTFError.reference(pointer: "/meshes/0", "targets and targetNames differ in number")
        }
        var reader = HeadReader(container: container, shapes: names.count)
        var parts: [Topology.Material: [UInt32]] = [:]
        var materials: [Topology.Material: Document.Material] = [:]
        for (p, primitive) in mesh.primitives.enumerated() {
            guard let m = primitive.material, document.materials.indices.contains(m),
                let name = document.materials[m].name, let material = Topology.Material(rawValue: name),
                parts[material] == nil
            else { throw GLTFError.unsupported("the material of primitive \(p)") }
            parts[material] = try reader.read(primitive, "/meshes/0/primitives/\(p)")
            materials[material] = document.materials[m]
        }
        func image(ofTexture texture: Int?, _ what: String, channels: Int) throws -> Image {
            guard let texture, document.textures.indices.contains(texture),
                let i = document.textures[texture].source, document.images.indices.contains(i),
                let view = document.images[i].bufferView
            else { throw GLTFError.unsupported("\(what) without a texture") }
            let bytes = Array(try container.bytes(ofView: view))
            return try document.images[i].mimeType == "image/jpeg" && channels < 4
                ? Image(jpeg: bytes, channels: channels) : Image(png: bytes, channels: channels)
        }
        func image(_ material: Topology.Material, channels: Int) throws -> Image {
            try image(
                ofTexture: materials[material]?.pbrMetallicRoughness?.baseColorTexture?.index, material.rawValue,
                channels: channels)
        }
        var maps: SkinMaps?
        if let normals = materials[.skin]?.normalTexture?.index,
            let roughness = materials[.skin]?.pbrMetallicRoughness?.metallicRoughnessTexture?.index
        {
            maps = SkinMaps(
                normals: try image(ofTexture: normals, "normals", channels: 3),
                roughness: try image(ofTexture: roughness, "roughness", channels: 3))
        }
        func colour(_ material: Topology.Material) -> SIMD3<Float> {
            guard let factor = materials[material]?.pbrMetallicRoughness?.baseColorFactor, factor.count >= 3 else {
                return SIMD3(1, 1, 1)
            }
            return SIMD3(Float(factor[0]), Float(factor[1]), Float(factor[2]))
        }
        let places: [SIMD3<Float>] = (mesh.extras?["landmarks7"]?.array ?? []).compactMap { place in
            let numbers = place.array?.compactMap(\.number) ?? []
            return numbers.count == 3 ? SIMD3(Float(numbers[0]), Float(numbers[1]), Float(numbers[2])) : nil
        }
        let extras = document.asset.extras
        self.init(
            topology: Topology(
                pointCount: reader.points.count, pointOfVertex: reader.pointOfVertex, uv: reader.uv,
                parts: Topology.Material.allCases.map { Topology.Part(material: $0, triangles: parts[$0] ?? []) },
                mirrorOfPoint: reader.points.indices.map { UInt32($0) }),
            points: reader.points,
            expressions: zip(names, reader.offsets).map { name, offsets in
                let points = offsets.keys.sorted()
                return MorphableModel.ExpressionShape(
                    name: name, points: points, offsets: points.map { offsets[$0]! })
            },
            skin: try image(.skin, channels: 3), eyes: try image(.eyes, channels: 3),
            lashes: try image(.lashes, channels: 4), teethColour: colour(.teeth), tongueColour: colour(.tongue),
            landmarks7: places, edition: Int(exactly: extras?["edition"]?.number ?? 1) ?? 1,
            coverage: extras?["coverage"]?.number ?? 0, origins: Self.origins(extras), skinMaps: maps)
    }

    private static func origins(_ extras: JSONValue?) -> TexelOrigins.Shares? {
        guard let seen = extras?["seen"]?.number, let refined = extras?["refined"]?.number,
            let inferred = extras?["inferred"]?.number
        else { return nil }
        return TexelOrigins.Shares(seen: seen, refined: refined, inferred: inferred)
    }
}

/// Gathers primitives into one numbering of vertices and points.
private struct HeadReader {
    private struct Place: Hashable {
        var position: SIMD3<Float>
        var normal: SIMD3<Float>
    }

    let container: BinaryContainer
    var points: [SIMD3<Float>] = []
    var pointOfVertex: [UInt32] = []
    var uv: [SIMD2<Float>] = []
    /// Of each shape: the offset of each point that moves.
    var offsets: [[UInt32: SIMD3<Float>]]
    private var numbers: [Place: UInt32] = [:]

    init(container: BinaryContainer, shapes: Int) {
        self.container = container
        offsets = [[UInt32: SIMD3<Float>]](repeating: [:], count: shapes)
    }

    /// Adds a primitive; its triangles by vertex.
    mutating func read(_ primitive: Document.Primitive, _ pointer: String) throws(GLTFError) -> [UInt32] {
        guard let position = primitive.attributes["POSITION"], let normal = primitive.attributes["NORMAL"],
            let coordinate = primitive.attributes["TEXCOORD_0"], let indices = primitive.indices
        else { throw .unsupported("a primitive without positions, normals, texture coordinates or indices") }
        let base = UInt32(pointOfVertex.count)
        let positions = try vectors(position)
        let normals = try vectors(normal)
        let coordinates = try container.floats(coordinate, shape: .vec2)
        let triangles = try container.unsigned(indices)
        guard normals.count == positions.count, coordinates.count == 2 * positions.count, triangles.count % 3 == 0,
            triangles.allSatisfy({ Int($0) < positions.count }),
            positions.allSatisfy({ $0.x.isFinite && $0.y.isFinite && $0.z.isFinite })
        else { throw .reference(pointer: pointer, "vertices or triangles do not match") }
        for v in positions.indices {
            let place = Place(position: positions[v], normal: normals[v])
            let number = numbers[place] ?? UInt32(points.count)
            if numbers.updateValue(number, forKey: place) == nil { points.append(positions[v]) }
            pointOfVertex.append(number)
            uv.append(SIMD2(coordinates[2 * v], coordinates[2 * v + 1]))
        }
        for (t, target) in primitive.targets.enumerated() {
            guard let accessor = target["POSITION"] else { continue }
            let moves = try vectors(accessor)
            guard moves.count == positions.count else {
                throw .reference(pointer: "\(pointer)/targets/\(t)", "\(moves.count) offsets")
            }
            for (v, move) in moves.enumerated() where move != .zero {
                offsets[t][pointOfVertex[Int(base) + v]] = move
            }
        }
        return triangles.map { $0 + base }
    }

    private func vectors(_ accessor: Int) throws(GLTFError) -> [SIMD3<Float>] {
        let values = try container.floats(accessor, shape: .vec3)
        return (0..<values.count / 3).map { SIMD3(values[3 * $0], values[3 * $0 + 1], values[3 * $0 + 2]) }
    }
}
