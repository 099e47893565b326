internal import Face
internal import GLTF
internal import Pipeline
internal import Tensors

extension Harness {
    /// A `.glb`, as `likenessd render` and the tests' validator read it.
    static let avatar = Harness(
        "avatar",
        words: ["\"sparse\":{", "\"bufferView\":", "\"byteStride\":", "\"targetNames\":[", "\"componentType\":5123"],
        seeds: { (try? toyAvatar.glb()).map { [("toy", $0)] } ?? [] },
        read: { bytes in
            _ = Validator.findings(in: bytes)
            guard let avatar = try? Avatar(glb: bytes) else { return }
            precondition(avatar.points.count == avatar.topology.pointCount)
            for part in avatar.topology.parts {
                precondition(part.triangles.allSatisfy { Int($0) < avatar.topology.vertexCount })
            }
        })

    /// `NAME.json`.
    static let manifest = Harness(
        "manifest", words: ["\"quality\":{", "\"mustBeat\":", "\"isHeld\":true", "\"copyOf\":", "\"synthesis\":{"],
        seeds: {
            var manifest = Manifest(
                subject: "anna", edition: 7, file: "anna.000007.glb", stable: "anna.glb",
                sha256: String(repeating: "0a", count: 32), bytes: 12, published: "2026-01-01T00:00:00Z",
                source: "a test", streamSeconds: 1,
                quality: AvatarQuality(coverage: 0.5, confidence: 0.5, deviation: 1),
                keyframes: 3, generator: "likenessd", licences: ["CC0"])
            (manifest.copyOf, manifest.mustBeat, manifest.isHeld) = (3, 0.5, true)
            return [("whole", manifest.json())]
        },
        read: { bytes in
            guard let manifest = Manifest(json: bytes) else { return }
            again(manifest.json()) { json in
                guard let manifest = Manifest(json: json) else { throw GLTFError.container("no manifest") }
                return manifest.json()
            }
            precondition(manifest.bar >= 0, "any avatar would be better")
            // The next one is counted on from here.
            precondition(manifest.edition >= 0 && manifest.edition < Int.max / 2)
        })

    /// PNG and JPEG, which avatars carry.
    static let picture = Harness(
        "picture", words: ["IHDR", "IDAT", "PLTE", "tRNS", "gAMA", "sRGB", "iCCP"],
        seeds: {
            let small = Image(width: 5, height: 3, channels: 3, bytes: (0..<45).map { UInt8($0 * 5) })
            let clear = Image(width: 2, height: 2, channels: 4, filledWith: 100)
            return [
                ("rgb.png", (try? small.png()) ?? []), ("rgba.png", (try? clear.png()) ?? []),
                ("rgb.jpeg", (try? small.jpeg(quality: 90)) ?? []),
            ]
        },
        read: { bytes in
            for channels in [1, 3, 4] { _ = try? Image(png: bytes, channels: channels) }
            for channels in [1, 3] { _ = try? Image(jpeg: bytes, channels: channels) }
        })

    private static var toyAvatar: Avatar {
        func flat(_ colour: [UInt8]) -> Image {
            Image(width: 8, height: 8, channels: colour.count, bytes: (0..<64).flatMap { _ in colour })
        }
        // A triangle for each material, since a file has no empty primitives.
        var topology = toyHead.topology
        for part in topology.parts.indices.dropFirst() { topology.parts[part].triangles = [0, 1, 2] }
        return Avatar(
            topology: topology, points: toyHead.mean, expressions: toyHead.expressions, skin: flat([200, 150, 125]),
            eyes: flat([90, 60, 40]), lashes: flat([30, 20, 15, 255]), teethColour: [0.6, 0.55, 0.45],
            tongueColour: [0.35, 0.1, 0.1], landmarks7: [[0, 0, 0.1]], edition: 3, coverage: 0.75,
            origins: .init(seen: 0.5, refined: 0.125, inferred: 0.375),
            skinMaps: SkinMaps(normals: flat([128, 128, 255]), roughness: flat([255, 128, 0])))
    }
}
