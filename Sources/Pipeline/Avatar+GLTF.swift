package import Face
internal import GLTF
internal import Tensors

extension Avatar {
    /// A file is at most this many bytes long, as loaders on phones ask; the skin's texture is halved until it is.
    package static let largestFile = 8_000_000

    /// One self-contained GLB: a node and a mesh "Head", one primitive a material with its own vertices, 52 sparse
    /// position-only morph targets named in `mesh.extras.targetNames`, embedded PNG, no extensions. Pure: equal avatars
    /// give equal bytes.
    /// - Throws: `PNGError` or `GLTFError` if a texture or the whole cannot be encoded.
    package func glb() throws -> [UInt8] {
        var textures = [Topology.Material.skin: skin, .eyes: eyes, .lashes: lashes]
        while true {
            let file = try container(textures).encoded()
            let size = textures[.skin]!
            if file.count <= Self.largestFile || min(size.width, size.height) < 64 { return file }
            textures[.skin] = size.halved()
        }
    }

    private func container(_ textures: [Topology.Material: Image]) throws -> BinaryContainer {
        var builder = ContainerBuilder(
            asset: Document.Asset(
                generator: Version.text,
                extras: .object(extras)))
        let parts = topology.parts.filter { !$0.triangles.isEmpty }
        let primitives = PrimitiveWriter(avatar: self, parts: parts).write(to: &builder)
        builder.document.samplers = [
            Document.Sampler(
                magFilter: Document.Sampler.linear, minFilter: Document.Sampler.linearMipmapLinear,
                wrapS: Document.Sampler.clampToEdge, wrapT: Document.Sampler.clampToEdge)
        ]
        for part in parts {
            var texture: Int?
            if let image = textures[part.material] {
                let view = builder.view(try image.png())
                builder.document.images.append(
                    Document.Image(name: part.material.rawValue, mimeType: "image/png", bufferView: view))
                builder.document.textures.append(
                    Document.Texture(sampler: 0, source: builder.document.images.count - 1))
                texture = builder.document.textures.count - 1
            }
            builder.document.materials.append(material(part.material, texture: texture))
        }
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
        return builder.container()
    }

    private var extras: [String: JSONValue] {
        var extras = ["edition": JSONValue.number(Double(edition)), "coverage": .number(coverage)]
        guard let origins else { return extras }
        extras["seen"] = .number(origins.seen)
        extras["refined"] = .number(origins.refined)
        extras["inferred"] = .number(origins.inferred)
        return extras
    }

    private func material(_ material: Topology.Material, texture: Int?) -> Document.Material {
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
                baseColorTexture: texture.map { Document.TextureInfo(index: $0) }, metallicFactor: 0,
                roughnessFactor: roughness),
            alphaMode: material == .lashes ? "BLEND" : nil, doubleSided: material == .lashes ? true : nil)
    }
}

extension Image {
    /// Half as wide and high: means of 2 × 2 pixels, of the codes.
    func halved() -> Image {
        var half = Image(width: width / 2, height: height / 2, channels: channels)
        for y in 0..<half.height {
            for x in 0..<half.width {
                for c in 0..<channels {
                    let at = (2 * y * width + 2 * x) * channels + c
                    let below = at + width * channels
                    let sum =
                        Int(bytes[at]) + Int(bytes[at + channels]) + Int(bytes[below]) + Int(bytes[below + channels])
                    half.bytes[(y * half.width + x) * channels + c] = UInt8((sum + 2) / 4)
                }
            }
        }
        return half
    }
}
