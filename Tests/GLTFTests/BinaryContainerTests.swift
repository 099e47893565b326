import GLTF
import Testing

/// Truth: the specification's own layout (chapter 4) and what was put in.
@Suite struct BinaryContainerTests {
    @Test func whatIsWrittenIsRead() throws {
        let container = Quad.container()
        let read = try BinaryContainer(try container.encoded())
        #expect(read == container)
        let primitive = try #require(read.document.meshes.first?.primitives.first)
        #expect(try read.floats(try #require(primitive.attributes["POSITION"]), shape: .vec3) == Quad.positions)
        #expect(try read.unsigned(try #require(primitive.indices)) == Quad.triangles)
        let moves = try read.floats(try #require(primitive.targets[0]["POSITION"]), shape: .vec3)
        #expect(moves == [0, 0, 0, 0, 0, 0.5, 0, 0, 0, 0.25, 0, 0])
        let still = try read.floats(try #require(primitive.targets[1]["POSITION"]), shape: .vec3)
        #expect(still == [Float](repeating: 0, count: 12))
        #expect(Array(try read.bytes(ofView: try #require(read.document.images[0].bufferView))) == Quad.picture)
    }

    @Test func theBytesAreThoseOfTheSpecification() throws {
        let file = try Quad.container().encoded()
        #expect(file[0..<8].elementsEqual([0x67, 0x6C, 0x54, 0x46, 2, 0, 0, 0]))
        #expect(word(file, 8) == file.count && file.count % 4 == 0)
        let json = word(file, 12)
        #expect(json % 4 == 0 && word(file, 16) == 0x4E4F_534A)
        #expect(word(file, 20 + json) == file.count - 28 - json && word(file, 24 + json) == 0x004E_4942)
        let text = String(decoding: file[20..<20 + json], as: UTF8.self)
        #expect(text.hasPrefix("{\"accessors\":[{") && !text.contains("extensions") && !text.contains("\\/"))
        #expect(try Quad.container().encoded() == file)
    }

    @Test func byteStrideIsFollowed() throws {
        // Two interleaved attributes of three floats.
        var builder = ContainerBuilder(asset: Document.Asset())
        let view = builder.view([Float]([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]).littleEndianBytes, stride: 24)
        let second = builder.append(
            Document.Accessor(bufferView: view, byteOffset: 12, componentType: .float, count: 2, type: .vec3))
        #expect(try builder.container().floats(second, shape: .vec3) == [4, 5, 6, 10, 11, 12])
    }

    @Test func everyTruncationIsRefused() throws {
        let file = try Quad.container().encoded()
        for length in 0..<file.count {
            #expect(throws: GLTFError.self) { try BinaryContainer(Array(file.prefix(length))) }
            // With a header that agrees, chunks end early.
            guard length >= 12 else { continue }
            var patched = Array(file.prefix(length))
            for b in 0..<4 { patched[8 + b] = UInt8(truncatingIfNeeded: length >> (8 * b)) }
            #expect(!Validator.findings(in: patched).isEmpty)
        }
    }

    /// Any byte may be wrong: no crash, no hang, and what is still read stays in bounds.
    @Test func everyCorruptByteIsSurvived() throws {
        let file = try Quad.container().encoded()
        var refused = 0
        for at in file.indices {
            for value in [file[at] ^ 0x01, 0x39] {
                var corrupt = file
                corrupt[at] = value
                if !Validator.findings(in: corrupt).isEmpty { refused += 1 }
                guard let container = try? BinaryContainer(corrupt) else { continue }
                for index in container.document.accessors.indices {
                    _ = try? container.floats(index, shape: .vec3)
                    _ = try? container.unsigned(index)
                }
            }
        }
        #expect(refused > file.count)
    }

    @Test(arguments: [Int.max, Int.min, -1, 1 << 40]) func numbersWithoutMeasureAreRefused(number: Int) throws {
        let sound = Quad.container()
        let changes: [(inout Document) -> Void] = [
            { $0.accessors[0].count = number }, { $0.accessors[0].byteOffset = number },
            { $0.accessors[4].count = number }, { $0.accessors[4].sparse?.count = number },
            { $0.accessors[4].sparse?.indices.byteOffset = number },
            { $0.accessors[4].sparse?.values.byteOffset = number },
            { $0.accessors[4].sparse?.values.bufferView = number }, { $0.accessors[5].count = number },
            { $0.bufferViews[0].byteOffset = number }, { $0.bufferViews[0].byteLength = number },
            { $0.bufferViews[0].byteStride = number }, { $0.bufferViews[0].buffer = number },
            { $0.buffers[0].byteLength = number }, { $0.scene = number }, { $0.nodes[0].mesh = number },
            { $0.images[0].bufferView = number }, { $0.textures[0].source = number },
        ]
        for (i, change) in changes.enumerated() {
            var broken = sound
            change(&broken.document)
            #expect(!Validator.findings(in: try broken.encoded()).isEmpty, "change \(i)")
        }
    }

    @Test func whatIsNotOursIsNamed() throws {
        var container = Quad.container()
        container.document.extensionsRequired = ["KHR_draco_mesh_compression"]
        let file = try container.encoded()
        #expect(throws: GLTFError.unsupported("extension KHR_draco_mesh_compression")) {
            try BinaryContainer(file)
        }
        var text = try Quad.container().encoded()
        let at = try #require(text.indices.first { text[$0...].starts(with: Array("\"version\"".utf8)) })
        text[at + 1] = 0x57
        #expect(throws: GLTFError.json("/asset lacks version")) { try BinaryContainer(text) }
    }

    private func word(_ file: [UInt8], _ at: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(file[at + $1]) << (8 * $1) }
    }
}
