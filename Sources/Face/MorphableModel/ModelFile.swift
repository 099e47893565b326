internal import Tensors

/// A head model file that cannot be used; one line with the remedy.
package struct ModelFileError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
    package init(_ reason: String) {
        description = "the head model \(reason): build it again with ./set-up or `likenessd model build`"
    }
}

/// The binary form of a `MorphableModel`, little-endian:
///
///     "LIKEHEAD"  UInt32 version  UInt32 counts: points G, vertices V, modes K, expressions, landmarks
///     V × UInt32 point of vertex;  V × 2 Float32 uv;  G × UInt32 mirror
///     per material: UInt32 n, n × UInt32 vertex numbers
///     G × 3 Float32 mean;  K × 3G Float32 modes
///     per expression: UInt32 length + name, UInt32 n, n × UInt32 points, n × 3 Float32 offsets
///     per landmark: 3 × UInt32 points, 3 × Float32 weights, Float32 deviation
///     32 bytes: SHA-256 of all before, as text of its first 32 digits
extension MorphableModel {
    private static let magic = "LIKEHEAD"
    private static let version: UInt32 = 2

    package func encoded() -> [UInt8] {
        var out = SealedFile.begin(Self.magic, version: Self.version)
        out.put([
            UInt32(mean.count), UInt32(topology.vertexCount), UInt32(identityCount),
            UInt32(expressions.count), UInt32(landmarks.count),
        ])
        out.put(topology.pointOfVertex)
        out.put(topology.uv.flatMap { [$0.x, $0.y] })
        out.put(topology.mirrorOfPoint)
        for part in topology.parts {
            out.put([UInt32(part.triangles.count)])
            out.put(part.triangles)
        }
        out.put(mean.flatMap { [$0.x, $0.y, $0.z] })
        out.put(identityModes)
        for shape in expressions {
            let name = Array(shape.name.utf8)
            out.put([UInt32(name.count)])
            out.bytes += name
            out.put([UInt32(shape.points.count)])
            out.put(shape.points)
            out.put(shape.offsets.flatMap { [$0.x, $0.y, $0.z] })
        }
        for anchor in landmarks {
            out.put([anchor.points.x, anchor.points.y, anchor.points.z])
            out.put([anchor.weights.x, anchor.weights.y, anchor.weights.z, anchor.deviation])
        }
        return SealedFile.sealed(out)
    }

    package init(encoded file: [UInt8]) throws(ModelFileError) {
        var input: LittleEndianReader
        do throws(SealedFile.Fault) {
            input = try SealedFile.open(file, magic: Self.magic, version: Self.version)
        } catch {
            switch error {
            case .foreign: throw ModelFileError("is not one")
            case .damaged: throw ModelFileError("is damaged")
            case .version(let found): throw ModelFileError("has version \(found), not \(Self.version)")
            }
        }
        do throws(LittleEndianReader.Damage) { self = try Self.read(&input) } catch {
            throw ModelFileError(error == .cutOff ? "is cut off" : "is damaged")
        }
    }

    private static func read(_ input: inout LittleEndianReader) throws(LittleEndianReader.Damage) -> MorphableModel {
        let head = try input.integers(5)
        let (points, vertices, modes) = (Int(head[0]), Int(head[1]), Int(head[2]))
        guard points > 0 else { throw .outOfRange }
        let pointOfVertex = try input.integers(vertices, below: points)
        let uv = try input.finiteFloats(2 * vertices)
        let mirror = try input.integers(points, below: points)
        var parts: [Topology.Part] = []
        for material in Topology.Material.allCases {
            let count = Int(try input.integers(1)[0])
            guard count % 3 == 0 else { throw .outOfRange }
            parts.append(Topology.Part(material: material, triangles: try input.integers(count, below: vertices)))
        }
        let mean = try input.vectors(points)
        let identityModes = try input.finiteFloats(modes * 3 * points)
        var expressions: [ExpressionShape] = []
        for _ in 0..<head[3] {
            let name = String(decoding: try input.bytes(Int(try input.integers(1)[0])), as: UTF8.self)
            let count = Int(try input.integers(1)[0])
            let moved = try input.integers(count, below: points)
            expressions.append(ExpressionShape(name: name, points: moved, offsets: try input.vectors(count)))
        }
        var landmarks: [LandmarkAnchor] = []
        for _ in 0..<head[4] {
            let p = try input.integers(3, below: points)
            let w = try input.finiteFloats(3)
            // Infinite where the landmark has no place.
            let deviation = try input.floats(1)[0]
            guard deviation >= 0 else { throw .outOfRange }
            landmarks.append(
                LandmarkAnchor(points: [p[0], p[1], p[2]], weights: [w[0], w[1], w[2]], deviation: deviation))
        }
        return MorphableModel(
            topology: Topology(
                pointCount: points, pointOfVertex: pointOfVertex,
                uv: (0..<vertices).map { SIMD2(uv[2 * $0], uv[2 * $0 + 1]) }, parts: parts, mirrorOfPoint: mirror),
            mean: mean, identityModes: identityModes, expressions: expressions, landmarks: landmarks)
    }
}

extension LittleEndianReader {
    fileprivate mutating func vectors(_ count: Int) throws(Damage) -> [SIMD3<Float>] {
        let values = try finiteFloats(3 * count)
        return (0..<count).map { SIMD3(values[3 * $0], values[3 * $0 + 1], values[3 * $0 + 2]) }
    }
}
