internal import Face
internal import Tensors

extension Harness {
    /// `head.model`.
    static let headModel = Harness(
        "head-model", words: ["LIKEHEAD"], seeds: { [("toy", toyHead.encoded())] },
        read: { bytes in
            for file in [bytes, resealed(bytes)] {
                guard let model = try? MorphableModel(encoded: file) else { continue }
                again(model.encoded()) { try MorphableModel(encoded: $0).encoded() }
                let identity = [Double](repeating: 1, count: min(model.identityCount, 4))
                let expression = [Double](repeating: 0.5, count: min(model.expressions.count, 4))
                let points = model.points(identity: identity, expression: expression)
                precondition(points.count == model.topology.pointCount)
            }
        })

    /// `face.database`. It is large, so an input is a list of changes to one that is whole: 3 bytes where, 4 bytes what.
    static let faceDatabase = Harness(
        "face-database",
        seeds: {
            [
                ("whole", []), ("faces", [0, 0, 28, 0, 0, 0, 2]), ("octaves", [0, 0, 16, 0, 0, 0, 1]),
                ("not-finite", [0, 0, 40, 0x7f, 0x80, 0, 0, 1, 0xb7, 0x80, 0x7f, 0xc0, 0, 1]),
            ]
        },
        read: { bytes in
            var (body, numbers) = (wholeDatabase, Numbers(bytes))
            for _ in 0..<64 where !numbers.isAtEnd {
                let place = (Int(numbers.next(UInt8.self)) << 16 | Int(numbers.next(UInt16.self))) % (body.count - 4)
                let value = numbers.next(UInt32.self)
                for b in 0..<4 { body[place + b] = UInt8(truncatingIfNeeded: value >> UInt32(8 * b)) }
            }
            guard let read = try? FaceDatabaseContents(encoded: SealedFile.sealed(LittleEndianWriter(body))) else {
                return
            }
            let database = read.database
            if let albedo = read.albedo {
                let count = albedo.pointCount
                _ = albedo.colours(
                    of: PointColours(
                        values: [SIMD4<Float>](repeating: .zero, count: count),
                        seen: [Float](repeating: 1, count: count)))
            }
            if database.octaves > 1 { _ = database.extended(octaves: 2).dropping(octaves: 1) }
            for block in database.blocks.prefix(4) {
                _ = block.blend([Double](repeating: 1, count: database.faces))
            }
        })

    /// One face, two octaves, our own network; without its digest. `FaceDatabaseContents` says what stands where.
    private static let wholeDatabase: [UInt8] = {
        let octaves = 2
        var out = SealedFile.begin("LIKEFACE", version: 4)
        out.put([512, UInt32(octaves), UInt32(DetailNetwork.channels.count), UInt32(DetailRegions.count), 1])
        // The albedo of three points, of which one is known, and one mode.
        out.put([UInt32](arrayLiteral: 3, 1))
        out.put([Float](arrayLiteral: 0.01))
        out.bytes += [0, 255, 0]
        for scale in [Float(0.0001), 0.00001] {
            out.put([scale])
            out.put([Int16](arrayLiteral: 100, -200, 32767))
        }
        let network = DetailNetwork(seed: 1)
        out.put([UInt32(network.weights.count)])
        for (shape, (weights, biases)) in zip(DetailNetwork.shapes, zip(network.weights, network.biases)) {
            out.put(shape.map { UInt32($0) })
            out.put(weights)
            out.put(biases)
        }
        for block in 0..<octaves * DetailNetwork.channels.count * DetailRegions.count {
            let channels = DetailNetwork.channels[block / DetailRegions.count % DetailNetwork.channels.count]
            let triangle = (channels + 1) * (channels + 2) / 2
            out.put([UInt32(channels)])
            out.put([Float](arrayLiteral: 0.01))
            out.put([Float](repeating: 0.5, count: triangle))
            out.put([Float](arrayLiteral: 100))
            out.put([Int8](repeating: 3, count: triangle))
        }
        for _ in 0..<(octaves + 1) * DetailRegions.count { out.put([Float](arrayLiteral: 0.001)) }
        precondition((try? FaceDatabaseContents(encoded: SealedFile.sealed(out))) != nil, "the database is not one")
        return out.bytes
    }()

    /// Two triangles.
    static let toyHead = MorphableModel(
        topology: Topology(
            pointCount: 4, pointOfVertex: [0, 1, 2, 3, 0], uv: [[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5]],
            parts: Topology.Material.allCases.map {
                Topology.Part(material: $0, triangles: $0 == .skin ? [0, 1, 2, 4, 2, 3] : [])
            }, mirrorOfPoint: [1, 0, 3, 2]),
        mean: [[-0.1, 0, 0], [0.1, 0, 0], [0.1, 0.1, 0], [-0.1, 0.1, 0.05]],
        identityModes: (0..<24).map { Float($0) / 1000 },
        expressions: [.init(name: "jawOpen", points: [1, 2], offsets: [[0, -0.01, 0], [0, -0.02, 0]])],
        landmarks: [.init(points: [0, 1, 2], weights: [0.5, 0.25, 0.25], deviation: .infinity)])
}
