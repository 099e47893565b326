import Face
import Foundation
import Tensors
import Testing

/// Numbers that no writer of ours wrote, under a right digest. Truth: what was put in.
@Suite struct ModelFileTests {
    private static let whole = ToyHead.model().encoded()

    private static func read(_ change: (inout [UInt8]) -> Void) throws -> MorphableModel {
        var body = Array(whole.dropLast(32))
        change(&body)
        return try MorphableModel(encoded: SealedFile.sealed(LittleEndianWriter(body)))
    }

    @Test func whatIsWrittenIsRead() throws {
        #expect(try Self.read { _ in }.encoded() == Self.whole)
    }

    /// Everything that is not a count is a number that something is computed with.
    @Test func whatIsNotFiniteIsRefused() throws {
        let model = ToyHead.model()
        let mirror = 12 + 20 + 4 * model.topology.vertexCount + 8 * model.topology.vertexCount
        let uv = 12 + 20 + 4 * model.topology.vertexCount
        let parts = mirror + 4 * model.mean.count
        let triangles = model.topology.parts.reduce(0) { $0 + 4 + 4 * $1.triangles.count }
        let mean = parts + triangles
        for place in [uv, mean, mean + 12 * model.mean.count] {
            for value in [Float.nan, .infinity] {
                #expect(throws: ModelFileError.self, "byte \(place)") {
                    try Self.read { body in
                        withUnsafeBytes(of: value.bitPattern.littleEndian) {
                            body.replaceSubrange(place..<place + 4, with: $0)
                        }
                    }
                }
            }
        }
    }

    @Test func aModelOfNoPointsIsRefused() throws {
        var out = SealedFile.begin("LIKEHEAD", version: 2)
        out.put([UInt32](repeating: 0, count: 5 + Topology.Material.allCases.count))
        #expect(throws: ModelFileError.self) { try MorphableModel(encoded: SealedFile.sealed(out)) }
    }
}
