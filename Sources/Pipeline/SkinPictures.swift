internal import Face
internal import GLTF
internal import Tensors

/// A texture as it stands in the file.
struct TexturePicture {
    enum Use { case colour, normals, roughness }

    /// Of the material that shows it.
    let material: String
    let use: Use
    let bytes: [UInt8]
    /// `image/png` or `image/jpeg`.
    let type: String

    init(_ material: String, _ use: Use = .colour, bytes: [UInt8], type: String = "image/png") {
        self.material = material
        self.use = use
        self.bytes = bytes
        self.type = type
    }

    /// Appends image and texture, and hangs the texture into its material where the document has that.
    func write(to builder: inout ContainerBuilder) {
        guard let m = builder.document.materials.firstIndex(where: { $0.name == material }) else { return }
        let name =
            switch use {
            case .colour: material
            case .normals: material + " normals"
            case .roughness: material + " roughness"
            }
        let view = builder.view(bytes)
        builder.document.images.append(Document.Image(name: name, mimeType: type, bufferView: view))
        builder.document.textures.append(Document.Texture(sampler: 0, source: builder.document.images.count - 1))
        let texture = builder.document.textures.count - 1
        switch use {
        case .colour:
            builder.document.materials[m].pbrMetallicRoughness?.baseColorTexture = Document.TextureInfo(index: texture)
        case .normals:
            builder.document.materials[m].normalTexture = Document.NormalTextureInfo(
                index: texture, scale: Double(SkinMaps.normalScale))
        case .roughness:
            // The picture has both whole: the factors stand aside, metal is 0 in the picture and remains 0 without it.
            builder.document.materials[m].pbrMetallicRoughness?.metallicRoughnessTexture = Document.TextureInfo(
                index: texture)
            builder.document.materials[m].pbrMetallicRoughness?.roughnessFactor = 1
        }
    }
}

/// The skin's textures within a number of bytes.
enum SkinPictures {
    /// As large as fits: first PNG gives way to JPEG, then maps of more than a quarter of the skin's side, then the skin.
    /// - Throws: `PNGError` or `JPEGError`.
    static func pictures(skin: Image, maps: SkinMaps?, bytes: Int) throws -> [TexturePicture] {
        var (skin, maps) = (skin, maps)
        while true {
            var pictures: [TexturePicture] = []
            if let maps {
                pictures = [
                    TexturePicture("skin", .normals, bytes: try maps.normals.png()),
                    TexturePicture("skin", .roughness, bytes: try maps.roughness.png()),
                ]
            }
            let left = pictures.reduce(bytes) { $0 - $1.bytes.count }
            if let colour = try colour(skin, bytes: left) { return [colour] + pictures }
            if let large = maps, 4 * large.normals.width > skin.width {
                maps = SkinMaps(normals: large.normals.halved(), roughness: large.roughness.halved())
            } else {
                skin = skin.halved()
            }
        }
    }

    /// The best that fits; `nil` where none does and it can be halved.
    private static func colour(_ skin: Image, bytes: Int) throws -> TexturePicture? {
        let whole = try skin.png()
        if whole.count <= bytes || min(skin.width, skin.height) < 64 { return TexturePicture("skin", bytes: whole) }
        for quality in [95, 90, 85] {
            let lossy = try skin.jpeg(quality: quality)
            if lossy.count <= bytes { return TexturePicture("skin", bytes: lossy, type: "image/jpeg") }
        }
        return nil
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
