import Face
import Foundation
import GLTF
import Pipeline
import Tensors
import Testing

/// The mean head with flat textures as a file. Truth: the specification's rules, Apple's names, and the head itself.
@Suite(.enabled(if: Models.present, Models.missing)) struct AvatarGLTFTests {
    private func flat(_ size: Int, _ colour: [UInt8]) -> Image {
        Image(
            width: size, height: size, channels: colour.count,
            bytes: (0..<size * size).flatMap { _ in colour })
    }

    private func avatar(skin: Image? = nil, maps: SkinMaps? = nil) throws -> Avatar {
        let model = try HeadModelFile.load(from: Models.path)
        return Avatar(
            topology: model.topology, points: model.mean, expressions: model.expressions,
            skin: skin ?? flat(256, [200, 150, 125]), eyes: flat(64, [90, 60, 40]),
            lashes: flat(64, [30, 20, 15, 255]), teethColour: SIMD3(0.6, 0.55, 0.45),
            tongueColour: SIMD3(0.35, 0.1, 0.1), landmarks7: [33, 263, 1].map { model.mean[$0] }, edition: 3,
            coverage: 0.75, origins: .init(seen: 0.5, refined: 0.125, inferred: 0.375), skinMaps: maps)
    }

    @Test func theFileIsSoundAndSmallAndTheSameEveryTime() throws {
        let avatar = try avatar()
        let file = try avatar.glb()
        #expect(Validator.findings(in: file) == [])
        #expect(file.count < 4_500_000, "\(file.count) bytes without a person's texture")
        #expect(try avatar.glb() == file)
        if let path = ProcessInfo.processInfo.environment["LIKENESS_WRITE_GLB"] {
            try Data(file).write(to: URL(fileURLWithPath: path))
        }
    }

    @Test func carriesApplesNamesAndFiveParts() throws {
        let document = try BinaryContainer(try avatar().glb()).document
        let mesh = try #require(document.meshes.first)
        #expect(document.nodes.map(\.name) == ["Head"] && mesh.name == "Head")
        #expect(mesh.extras?["targetNames"]?.array?.compactMap(\.string) == ARKit.names)
        #expect(mesh.weights == [Double](repeating: 0, count: 52))
        #expect(document.materials.map(\.name) == ["skin", "eyes", "teeth", "tongue", "lashes"])
        #expect(mesh.primitives.map(\.material) == [0, 1, 2, 3, 4])
        #expect(mesh.primitives.allSatisfy { $0.targets.count == 52 && $0.targets.allSatisfy { $0.count == 1 } })
        #expect(document.extensionsRequired.isEmpty && document.extensionsUsed.isEmpty)
        // Eyes do not smile: nothing but a count is stored.
        let smile = try #require(ARKit.names.firstIndex(of: "mouthSmileLeft"))
        let still = document.accessors[try #require(mesh.primitives[1].targets[smile]["POSITION"])]
        #expect(still.sparse == nil && still.bufferView == nil && still.max == [0, 0, 0])
    }

    @Test func readsItselfBack() throws {
        let written = try avatar()
        let read = try Avatar(glb: try written.glb())
        #expect(read.skin == written.skin && read.eyes == written.eyes && read.lashes == written.lashes)
        #expect(read.landmarks7 == written.landmarks7 && read.edition == 3 && read.coverage == 0.75)
        #expect(read.origins == written.origins)
        #expect(read.teethColour == written.teethColour && read.tongueColour == written.tongueColour)
        // Triangle by triangle in space, at rest and in every expression.
        for shape in [nil] + ARKit.names.map(Optional.some) {
            let (a, b) = (posed(written, shape), posed(read, shape))
            for (part, other) in zip(written.topology.parts, read.topology.parts) {
                #expect(part.triangles.count == other.triangles.count && part.material == other.material)
                let worst = zip(part.triangles, other.triangles).map { v, w -> Float in
                    let d =
                        a[Int(written.topology.pointOfVertex[Int(v)])] - b[Int(read.topology.pointOfVertex[Int(w)])]
                    return (d * d).sum().squareRoot()
                }.max()
                #expect(try #require(worst) <= 1e-6, "\(shape ?? "rest") of \(part.material) is \(worst!) m off")
            }
        }
        #expect(abs(read.points.count - written.topology.pointCount) < written.topology.pointCount / 50)
    }

    @Test func mapsAreWrittenOnTheSkinAloneAndReadBack() throws {
        let maps = SkinMaps(normals: flat(128, [140, 120, 250]), roughness: flat(128, [255, 130, 0]))
        let file = try avatar(maps: maps).glb()
        #expect(Validator.findings(in: file) == [])
        #expect(try Avatar(glb: file).skinMaps == maps)
        let document = try BinaryContainer(file).document
        #expect(document.materials.map { $0.normalTexture != nil } == [true, false, false, false, false])
        let skin = try #require(document.materials[0].pbrMetallicRoughness)
        #expect(skin.roughnessFactor == 1 && skin.metallicRoughnessTexture != nil && skin.baseColorTexture != nil)
        #expect(document.materials[0].normalTexture?.scale == Double(SkinMaps.normalScale))
        #expect(document.images.map(\.name) == ["eyes", "lashes", "skin", "skin normals", "skin roughness"])
        let plain = try avatar().glb()
        #expect(try Avatar(glb: plain).skinMaps == nil)
        #expect(try BinaryContainer(plain).document.meshes == document.meshes, "the same topology in all editions")
    }

    private func posed(_ avatar: Avatar, _ shape: String?) -> [SIMD3<Float>] {
        var points = avatar.points
        for expression in avatar.expressions where expression.name == shape {
            for (point, offset) in zip(expression.points, expression.offsets) { points[Int(point)] += offset }
        }
        return points
    }

    /// Fine structure on smooth colours, stronger than any camera's noise on skin.
    @Test func aRichSkinKeepsItsSizeAsJPEG() throws {
        var generator = SeededGenerator(seed: 4)
        func image(_ size: Int, _ middle: [Double], _ spread: Double) -> Image {
            var image = Image(width: size, height: size, channels: 3)
            for i in image.bytes.indices {
                let shade = 25 * sin(Double(i / 3 % size) / 90) * cos(Double(i / 3 / size) / 70)
                image.bytes[i] = UInt8(min(max(middle[i % 3] + shade + spread * generator.normal(), 0), 255))
            }
            return image
        }
        let skin = image(2048, [190, 140, 120], 5)
        let maps = SkinMaps(
            normals: image(1024, [128, 128, 230], 3), roughness: flat(1024, [255, 140, 0]))
        let file = try avatar(skin: skin, maps: maps).glb()
        #expect(file.count <= Avatar.largestFile && Validator.findings(in: file) == [])
        #expect(try BinaryContainer(file).document.images.contains { $0.mimeType == "image/jpeg" })
        let read = try Avatar(glb: file)
        #expect(read.skin.width == 2048)
        let loss = zip(read.skin.bytes, skin.bytes).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
        #expect(Double(loss) / Double(skin.bytes.count) < 5)
        print("2048² as JPEG: file of \(file.count) bytes, maps of \(read.skinMaps?.normals.width ?? 0)²")
    }

    /// Noise does not compress: the worst skin there can be.
    @Test func aSkinTooRichIsHalved() throws {
        var generator = SystemRandomNumberGenerator()
        var noise = Image(width: 2048, height: 2048, channels: 3)
        for i in noise.bytes.indices { noise.bytes[i] = UInt8.random(in: 0...255, using: &generator) }
        let file = try avatar(skin: noise).glb()
        #expect(file.count <= Avatar.largestFile && Validator.findings(in: file) == [])
        #expect(try Avatar(glb: file).skin.width == 1024)
    }

    @Test func otherFilesAreRefused() throws {
        let file = try avatar().glb()
        for length in stride(from: 0, to: file.count, by: 99_991) {
            #expect(throws: (any Error).self) { try Avatar(glb: Array(file.prefix(length))) }
        }
        // Each byte of the JSON in turn would take long; every 997th meets many kinds of field.
        for at in stride(from: 20, to: 41_000, by: 997) {
            var corrupt = file
            corrupt[at] ^= 0x09
            _ = try? Avatar(glb: corrupt)
        }
    }
}
