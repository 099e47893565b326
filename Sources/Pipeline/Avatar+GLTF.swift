package import Face
internal import GLTF
internal import Tensors

extension Avatar {
    /// A file is at most this many bytes long, as loaders on phones ask: see `SkinPictures`.
    package static let largestFile = 8_000_000

    /// One self-contained GLB: a node and a mesh "Head", one primitive a material with its own vertices, 52 sparse
    /// position-only morph targets named in `mesh.extras.targetNames`, embedded PNG or JPEG, no extensions. Pure: equal avatars
    /// give equal bytes.
    /// - Throws: `PNGError`, `JPEGError` or `GLTFError` if a texture or the whole cannot be encoded.
    package func glb() throws -> [UInt8] {
        var builder = ContainerBuilder(asset: Document.Asset(generator: Version.text, extras: .object(extras)))
        let parts = topology.parts.filter { !$0.triangles.isEmpty }
        let primitives = PrimitiveWriter(avatar: self, parts: parts).write(to: &builder)
        builder.document.samplers = [
            Document.Sampler(
                magFilter: Document.Sampler.linear, minFilter: Document.Sampler.linearMipmapLinear,
                wrapS: Document.Sampler.clampToEdge, wrapT: Document.Sampler.clampToEdge)
        ]
        builder.document.meshes = [
            Document.Mesh(
                name: "Head", primitives: primitives, weights: expressions.map { _ in 0 },
                extras: .object([
                    "targetNames": .array(expressions.map { .string($0.name) }),
                    "landmarks7": .array(landmarks7.map { .array([$0.x, $0.y, $0.z].map { .number(Double($0)) }) }),
                ]))
        ]
        builder.document.nodes = [Document.Node(name: "Head", mesh: 0)]
        builder.document.scenes = [Document.Scene(nodes: [0])]
        builder.document.scene = 0
        var pictures = [
            TexturePicture("eyes", bytes: try eyes.png()), TexturePicture("lashes", bytes: try lashes.png()),
        ]
        let rest = try builder.container().encoded().count + pictures.reduce(Self.materialBytes) { $0 + $1.bytes.count }
        pictures += try SkinPictures.pictures(skin: skin, maps: skinMaps, bytes: Self.largestFile - rest)
        for part in parts { builder.document.materials.append(material(part.material)) }
        for picture in pictures { picture.write(to: &builder) }
        return try builder.container().encoded()
    }

    /// More than materials, textures and the padding of images take.
    private static let materialBytes = 8192

    private var extras: [String: JSONValue] {
        var extras = ["edition": JSONValue.number(Double(edition)), "coverage": .number(coverage)]
        guard let origins else { return extras }
        extras["seen"] = .number(origins.seen)
        extras["refined"] = .number(origins.refined)
        extras["inferred"] = .number(origins.inferred)
        return extras
    }

    private func material(_ material: Topology.Material) -> Document.Material {
        // Roughness by eye: wet things gleam, hair does not. Nothing on a head is a metal.
        let roughness =
            switch material {
            case .skin: 0.55
            case .eyes: 0.1
            case .teeth: 0.3
            case .tongue: 0.45
            case .lashes: 0.9
            }
        let colour: SIMD3<Float>? =
            switch material {
            case .teeth: teethColour
            case .tongue: tongueColour
            case .skin, .eyes, .lashes: nil
            }
        return Document.Material(
            name: material.rawValue,
            pbrMetallicRoughness: Document.PBRMetallicRoughness(
                baseColorFactor: colour.map { [$0.x, $0.y, $0.z, 1].map { Double(min(max($0, 0), 1)) } },
                metallicFactor: 0, roughnessFactor: roughness),
            alphaMode: material == .lashes ? "BLEND" : nil, doubleSided: material == .lashes ? true : nil)
    }
}
