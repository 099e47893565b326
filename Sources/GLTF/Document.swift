/// The JSON of a glTF 2.0 asset: the part of the schema that a morphing, textured, unskinned mesh needs.
/// Khronos Group, "glTF 2.0 Specification", 2021. Numbers called `index` count within the list they name.
package struct Document: Codable, Sendable, Equatable {
    package var asset: Asset
    package var scene: Int?
    @OmittedWhenEmpty package var scenes: [Scene] = []
    @OmittedWhenEmpty package var nodes: [Node] = []
    @OmittedWhenEmpty package var meshes: [Mesh] = []
    @OmittedWhenEmpty package var materials: [Material] = []
    @OmittedWhenEmpty package var textures: [Texture] = []
    @OmittedWhenEmpty package var images: [Image] = []
    @OmittedWhenEmpty package var samplers: [Sampler] = []
    @OmittedWhenEmpty package var accessors: [Accessor] = []
    @OmittedWhenEmpty package var bufferViews: [BufferView] = []
    @OmittedWhenEmpty package var buffers: [Buffer] = []
    @OmittedWhenEmpty package var extensionsUsed: [String] = []
    @OmittedWhenEmpty package var extensionsRequired: [String] = []

    package init(asset: Asset) { self.asset = asset }

    package struct Asset: Codable, Sendable, Equatable {
        package var version: String
        package var generator: String?
        package var copyright: String?
        package var extras: JSONValue?

        package init(
            version: String = "2.0", generator: String? = nil, copyright: String? = nil, extras: JSONValue? = nil
        ) {
            self.version = version
            self.generator = generator
            self.copyright = copyright
            self.extras = extras
        }
    }

    package struct Scene: Codable, Sendable, Equatable {
        package var name: String?
        @OmittedWhenEmpty package var nodes: [Int] = []

        package init(name: String? = nil, nodes: [Int]) {
            self.name = name
            self.nodes = nodes
        }
    }

    package struct Node: Codable, Sendable, Equatable {
        package var name: String?
        package var mesh: Int?
        @OmittedWhenEmpty package var children: [Int] = []
        @OmittedWhenEmpty package var weights: [Double] = []

        package init(name: String? = nil, mesh: Int? = nil) {
            self.name = name
            self.mesh = mesh
        }
    }

    package struct Mesh: Codable, Sendable, Equatable {
        package var name: String?
        package var primitives: [Primitive]
        @OmittedWhenEmpty package var weights: [Double] = []
        /// `targetNames` by convention names the morph targets.
        package var extras: JSONValue?

        package init(name: String? = nil, primitives: [Primitive], weights: [Double] = [], extras: JSONValue? = nil) {
            self.name = name
            self.primitives = primitives
            self.weights = weights
            self.extras = extras
        }
    }

    package struct Primitive: Codable, Sendable, Equatable {
        /// Accessors by semantic (`POSITION`, `NORMAL`, `TEXCOORD_0`).
        package var attributes: [String: Int]
        package var indices: Int?
        package var material: Int?
        package var mode: Int?
        /// Accessors of displacements by semantic, one dictionary a target.
        @OmittedWhenEmpty package var targets: [[String: Int]] = []

        package init(attributes: [String: Int], indices: Int?, material: Int?, targets: [[String: Int]] = []) {
            self.attributes = attributes
            self.indices = indices
            self.material = material
            self.targets = targets
        }
    }

    package struct Buffer: Codable, Sendable, Equatable {
        package var byteLength: Int
        package var uri: String?

        package init(byteLength: Int) { self.byteLength = byteLength }
    }

    package struct BufferView: Codable, Sendable, Equatable {
        package static let arrayBuffer = 34962
        package static let elementArrayBuffer = 34963

        package var buffer: Int
        package var byteOffset: Int?
        package var byteLength: Int
        package var byteStride: Int?
        package var target: Int?

        package init(byteOffset: Int, byteLength: Int, byteStride: Int? = nil, target: Int? = nil) {
            buffer = 0
            self.byteOffset = byteOffset
            self.byteLength = byteLength
            self.byteStride = byteStride
            self.target = target
        }
    }

    package struct Accessor: Codable, Sendable, Equatable {
        package enum ComponentType: Int, Codable, Sendable {
            case int8 = 5120
            case uint8 = 5121
            case int16 = 5122
            case uint16 = 5123
            case uint32 = 5125
            case float = 5126

            package var size: Int {
                switch self {
                case .int8, .uint8: 1
                case .int16, .uint16: 2
                case .uint32, .float: 4
                }
            }
        }

        package enum Shape: String, Codable, Sendable {
            case scalar = "SCALAR"
            case vec2 = "VEC2"
            case vec3 = "VEC3"
            case vec4 = "VEC4"

            package var components: Int {
                switch self {
                case .scalar: 1
                case .vec2: 2
                case .vec3: 3
                case .vec4: 4
                }
            }
        }

        package struct Sparse: Codable, Sendable, Equatable {
            package struct Indices: Codable, Sendable, Equatable {
                package var bufferView: Int
                package var byteOffset: Int?
                package var componentType: ComponentType

                package init(bufferView: Int, byteOffset: Int, componentType: ComponentType) {
                    self.bufferView = bufferView
                    self.byteOffset = byteOffset
                    self.componentType = componentType
                }
            }

            package struct Values: Codable, Sendable, Equatable {
                package var bufferView: Int
                package var byteOffset: Int?

                package init(bufferView: Int, byteOffset: Int) {
                    self.bufferView = bufferView
                    self.byteOffset = byteOffset
                }
            }

            package var count: Int
            package var indices: Indices
            package var values: Values

            package init(count: Int, indices: Indices, values: Values) {
                self.count = count
                self.indices = indices
                self.values = values
            }
        }

        package var bufferView: Int?
        package var byteOffset: Int?
        package var componentType: ComponentType
        package var normalized: Bool?
        package var count: Int
        package var type: Shape
        package var min: [Double]?
        package var max: [Double]?
        package var sparse: Sparse?

        package init(
            bufferView: Int? = nil, byteOffset: Int? = nil, componentType: ComponentType, count: Int, type: Shape,
            min: [Double]? = nil, max: [Double]? = nil, sparse: Sparse? = nil
        ) {
            self.bufferView = bufferView
            self.byteOffset = byteOffset
            self.componentType = componentType
            self.count = count
            self.type = type
            self.min = min
            self.max = max
            self.sparse = sparse
        }
    }
}
