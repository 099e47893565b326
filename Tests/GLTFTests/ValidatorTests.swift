import GLTF
import Testing

/// Each rule on a file that breaks that rule alone. Truth: the specification's sentences.
@Suite struct ValidatorTests {
    struct Breach: Sendable, CustomTestStringConvertible {
        let rule: Finding.Rule
        let change: @Sendable (inout BinaryContainer) -> Void
        var testDescription: String { rule.rawValue }

        init(_ rule: Finding.Rule, _ change: @escaping @Sendable (inout BinaryContainer) -> Void) {
            self.rule = rule
            self.change = change
        }
    }

    @Test func aSoundFileHasNoFindings() throws {
        #expect(Validator.findings(in: try Quad.container().encoded()) == [])
    }

    /// Writes a float into the data of accessor `index`.
    private static func poke(_ container: inout BinaryContainer, view: Int, element: Int, _ value: Float) {
        let at = container.document.bufferViews[view].byteOffset! + 4 * element
        container.binary.replaceSubrange(at..<at + 4, with: [value].littleEndianBytes)
    }

    private static func poke(_ container: inout BinaryContainer, view: Int, index: Int, _ value: UInt32) {
        let at = container.document.bufferViews[view].byteOffset! + 2 * index
        container.binary.replaceSubrange(at..<at + 2, with: [value].littleEndianBytes(.uint16))
    }

    private static let breaches: [Breach] = [
        Breach(.version) { $0.document.asset.version = "1.0" },
        Breach(.bufferLength) { $0.document.buffers[0].byteLength += 5 },
        Breach(.bufferLength) { $0.binary += [0, 0, 0, 0, 0, 0, 0, 0] },
        Breach(.undefinedReference) { $0.document.scenes[0].nodes = [0, 7] },
        Breach(.undefinedReference) { $0.document.meshes[0].primitives[1].material = 3 },
        Breach(.undefinedReference) { $0.document.materials[0].normalTexture?.index = 3 },
        Breach(.undefinedReference) {
            $0.document.materials[0].pbrMetallicRoughness?.metallicRoughnessTexture?.index = -1
        },
        Breach(.bufferViewBounds) { $0.document.bufferViews[6].byteLength = 1 << 20 },
        Breach(.bufferViewStride) { $0.document.bufferViews[0].byteStride = 14 },
        Breach(.bufferViewStride) { $0.document.bufferViews[0].byteStride = 8 },
        Breach(.bufferViewTarget) { $0.document.bufferViews[0].target = 1 },
        Breach(.bufferViewTarget) { $0.document.bufferViews[1].target = 34963 },
        Breach(.bufferViewTarget) { $0.document.bufferViews[6].target = 34962 },
        Breach(.accessorAlignment) { $0.document.accessors[2].byteOffset = 2 },
        Breach(.accessorBounds) { $0.document.accessors[3].count = 9 },
        Breach(.boundsMissing) { $0.document.accessors[0].min = nil },
        Breach(.boundsMissing) { $0.document.accessors[5].max = nil },
        Breach(.boundsMismatch) { $0.document.accessors[0].max = [1, 0.100001, 0.3] },
        Breach(.boundsMismatch) { $0.document.accessors[4].min = [0, 0] },
        Breach(.notFinite) { poke(&$0, view: 0, element: 4, .nan) },
        Breach(.notFinite) { poke(&$0, view: 5, element: 0, .infinity) },
        Breach(.normalNotUnit) { poke(&$0, view: 1, element: 2, 0.99) },
        Breach(.normalNotUnit) { poke(&$0, view: 1, element: 2, 0) },
        Breach(.indexOutOfBounds) { poke(&$0, view: 3, index: 1, 4) },
        Breach(.primitiveRestart) { poke(&$0, view: 3, index: 1, 65535) },
        Breach(.indexType) { $0.document.meshes[0].primitives[0].indices = 0 },
        Breach(.triangleCount) { $0.document.accessors[3].count = 5 },
        Breach(.attributeType) { $0.document.meshes[0].primitives[0].attributes["TEXCOORD_0"] = 1 },
        Breach(.attributeType) { $0.document.meshes[0].primitives[0].attributes["TEXCOORD_0"] = nil },
        Breach(.attributeType) { $0.document.materials[0].normalTexture?.texCoord = 1 },
        Breach(.attributeType) {
            $0.document.materials[0].pbrMetallicRoughness?.metallicRoughnessTexture?.texCoord = 1
        },
        Breach(.attributeType) { $0.document.meshes[0].primitives[0].attributes["NORMAL"] = nil },
        Breach(.unusedObject) { $0.document.materials[0].normalTexture = nil },
        Breach(.attributeCount) { $0.document.accessors[2].count = 3 },
        Breach(.attributeCount) { $0.document.accessors[5].count = 3 },
        Breach(.positionMissing) { $0.document.meshes[0].primitives[1].attributes["POSITION"] = nil },
        Breach(.sparseOrder) { poke(&$0, view: 4, index: 1, 1) },
        Breach(.sparseBounds) { poke(&$0, view: 4, index: 1, 4) },
        Breach(.sparseBounds) { $0.document.accessors[4].sparse?.count = 5 },
        Breach(.sparseView) { $0.document.bufferViews[5].target = 34962 },
        Breach(.targetCount) { $0.document.meshes[0].primitives[1].targets.removeLast() },
        Breach(.targetAttribute) { $0.document.meshes[0].primitives[1].targets[0] = ["TANGENT": 4] },
        Breach(.targetNames) { $0.document.meshes[0].extras = .object(["targetNames": .array([.string("jawOpen")])]) },
        Breach(.targetNames) {
            $0.document.meshes[0].extras = .object(["targetNames": .array([.string("a"), .string("a")])])
        },
        Breach(.weightCount) { $0.document.meshes[0].weights = [0] },
        Breach(.weightCount) { $0.document.nodes[0].weights = [0, 0, 0] },
        Breach(.materialFactor) { $0.document.materials[0].pbrMetallicRoughness?.roughnessFactor = 1.5 },
        Breach(.materialFactor) { $0.document.materials[0].pbrMetallicRoughness?.baseColorFactor = [1, 1, 1] },
        Breach(.alphaMode) { $0.document.materials[0].alphaMode = "CUTOUT" },
        Breach(.alphaMode) { $0.document.materials[0].alphaCutoff = 0.5 },
        Breach(.imageSignature) { $0.document.images[0].mimeType = "image/jpeg" },
        Breach(.imageSource) { $0.document.images[0].mimeType = "image/webp" },
        Breach(.imageSource) { $0.document.images[0].bufferView = nil },
        Breach(.unusedObject) { $0.document.materials.append(Document.Material(name: "hair")) },
        Breach(.unusedObject) { $0.document.scenes[0].nodes = [] },
        Breach(.nodeLoop) { $0.document.nodes[0].children = [0] },
    ]

    @Test(arguments: breaches) private func eachBreachIsFound(breach: Breach) throws {
        var container = Quad.container()
        breach.change(&container)
        let findings = Validator.findings(in: try container.encoded())
        #expect(findings.contains { $0.rule == breach.rule }, "\(breach.rule): \(findings)")
    }

    @Test func brokenContainersAndTextsAreFound() throws {
        var file = try Quad.container().encoded()
        #expect(Validator.findings(in: Array(file.dropLast(4))).map(\.rule) == [.container])
        #expect(Validator.findings(in: []).map(\.rule) == [.container])
        file[20] = 0x5B
        #expect(Validator.findings(in: file).map(\.rule) == [.json])
    }

    @Test func everyRuleIsTested() {
        let tested = Set(Self.breaches.map(\.rule)).union([.container, .json])
        #expect(Set(Finding.Rule.allCases).subtracting(tested).isEmpty)
    }
}
