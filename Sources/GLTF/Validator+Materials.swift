extension Validator {
    mutating func checkMaterials() {
        for (m, material) in document.materials.enumerated() {
            let pointer = "/materials/\(m)"
            if let surface = material.pbrMetallicRoughness {
                if surface.baseColorFactor.map({ $0.count != 4 }) == true {
                    report(.materialFactor, pointer + "/pbrMetallicRoughness/baseColorFactor", "takes four numbers")
                }
                let factors =
                    (surface.baseColorFactor ?? []) + [surface.metallicFactor ?? 0, surface.roughnessFactor ?? 0]
                for value in factors where !(0...1).contains(value) {
                    report(.materialFactor, pointer + "/pbrMetallicRoughness", "\(value) is not in 0...1")
                }
                for (name, texture) in [
                    ("baseColorTexture", surface.baseColorTexture),
                    ("metallicRoughnessTexture", surface.metallicRoughnessTexture),
                ] {
                    guard let texture else { continue }
                    _ = use(.textures, texture.index, pointer + "/pbrMetallicRoughness/" + name)
                    checkCoordinates("TEXCOORD_\(texture.texCoord ?? 0)", material: m)
                }
            }
            if let normals = material.normalTexture {
                _ = use(.textures, normals.index, pointer + "/normalTexture")
                checkCoordinates("TEXCOORD_\(normals.texCoord ?? 0)", material: m)
                // Without normals a loader makes flat ones, and the map bends something else than what it was made for.
                checkCoordinates("NORMAL", material: m)
            }
            if let mode = material.alphaMode, !["OPAQUE", "MASK", "BLEND"].contains(mode) {
                report(.alphaMode, pointer + "/alphaMode", mode)
            }
            if material.alphaCutoff != nil, material.alphaMode != "MASK" {
                report(.alphaMode, pointer + "/alphaCutoff", "means something only with MASK")
            }
        }
        for (t, texture) in document.textures.enumerated() {
            if texture.source != nil { _ = use(.images, texture.source, "/textures/\(t)/source") }
            if texture.sampler != nil { _ = use(.samplers, texture.sampler, "/textures/\(t)/sampler") }
        }
        for (i, image) in document.images.enumerated() { checkImage(image, "/images/\(i)") }
    }

    /// Every primitive of the material has the attribute that its textures are looked up by.
    private mutating func checkCoordinates(_ semantic: String, material: Int) {
        for (i, mesh) in document.meshes.enumerated() {
            for (p, primitive) in mesh.primitives.enumerated()
            where primitive.material == material && primitive.attributes[semantic] == nil {
                report(.attributeType, "/meshes/\(i)/primitives/\(p)", "its material needs \(semantic)")
            }
        }
    }

    private mutating func checkImage(_ image: Document.Image, _ pointer: String) {
        guard (image.bufferView == nil) != (image.uri == nil) else {
            return report(.imageSource, pointer, "an image has either a buffer view or a URI")
        }
        guard let view = image.bufferView, use(.bufferViews, view, pointer + "/bufferView") else { return }
        guard let type = image.mimeType else {
            return report(.imageSource, pointer, "an image in a buffer view states its mimeType")
        }
        let signatures: [String: [UInt8]] = [
            "image/png": [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], "image/jpeg": [0xFF, 0xD8, 0xFF],
        ]
        guard let signature = signatures[type] else {
            return report(.imageSource, pointer + "/mimeType", "\(type) is neither PNG nor JPEG")
        }
        if let bytes = try? container.bytes(ofView: view), !bytes.starts(with: signature) {
            report(.imageSignature, pointer, "the bytes are no \(type)")
        }
        if document.bufferViews[view].byteStride != nil || document.bufferViews[view].target != nil {
            report(.bufferViewTarget, "/bufferViews/\(view)", "an image has no target or stride")
        }
    }
}
