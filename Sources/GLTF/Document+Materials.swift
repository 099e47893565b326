extension Document {
    package struct Material: Codable, Sendable, Equatable {
        package var name: String?
        package var pbrMetallicRoughness: PBRMetallicRoughness?
        package var normalTexture: NormalTextureInfo?
        /// `OPAQUE` (the default), `MASK` or `BLEND`.
        package var alphaMode: String?
        package var alphaCutoff: Double?
        package var doubleSided: Bool?

        package init(
            name: String? = nil, pbrMetallicRoughness: PBRMetallicRoughness? = nil,
            normalTexture: NormalTextureInfo? = nil, alphaMode: String? = nil, doubleSided: Bool? = nil
        ) {
            self.name = name
            self.pbrMetallicRoughness = pbrMetallicRoughness
            self.normalTexture = normalTexture
            self.alphaMode = alphaMode
            self.doubleSided = doubleSided
        }
    }

    package struct PBRMetallicRoughness: Codable, Sendable, Equatable {
        /// Linear RGBA.
        package var baseColorFactor: [Double]?
        package var baseColorTexture: TextureInfo?
        package var metallicFactor: Double?
        package var roughnessFactor: Double?
        /// Roughness in green, metal in blue; both times their factors.
        package var metallicRoughnessTexture: TextureInfo?

        package init(
            baseColorFactor: [Double]? = nil, baseColorTexture: TextureInfo? = nil, metallicFactor: Double? = nil,
            roughnessFactor: Double? = nil, metallicRoughnessTexture: TextureInfo? = nil
        ) {
            self.baseColorFactor = baseColorFactor
            self.baseColorTexture = baseColorTexture
            self.metallicFactor = metallicFactor
            self.roughnessFactor = roughnessFactor
            self.metallicRoughnessTexture = metallicRoughnessTexture
        }
    }

    package struct TextureInfo: Codable, Sendable, Equatable {
        package var index: Int
        package var texCoord: Int?

        package init(index: Int) { self.index = index }
    }

    /// Normals in tangent space; `scale` (1 where absent) multiplies their x and y.
    package struct NormalTextureInfo: Codable, Sendable, Equatable {
        package var index: Int
        package var texCoord: Int?
        package var scale: Double?

        package init(index: Int, scale: Double? = nil) {
            self.index = index
            self.scale = scale
        }
    }

    package struct Texture: Codable, Sendable, Equatable {
        package var sampler: Int?
        package var source: Int?

        package init(sampler: Int?, source: Int) {
            self.sampler = sampler
            self.source = source
        }
    }

    package struct Image: Codable, Sendable, Equatable {
        package var name: String?
        package var uri: String?
        package var mimeType: String?
        package var bufferView: Int?

        package init(name: String?, mimeType: String, bufferView: Int) {
            self.name = name
            self.mimeType = mimeType
            self.bufferView = bufferView
        }
    }

    /// OpenGL's names by number.
    package struct Sampler: Codable, Sendable, Equatable {
        package static let linear = 9729
        package static let linearMipmapLinear = 9987
        package static let clampToEdge = 33071

        package var magFilter: Int?
        package var minFilter: Int?
        package var wrapS: Int?
        package var wrapT: Int?

        package init(magFilter: Int, minFilter: Int, wrapS: Int, wrapT: Int) {
            self.magFilter = magFilter
            self.minFilter = minFilter
            self.wrapS = wrapS
            self.wrapT = wrapT
        }
    }
}
