import Face
import Foundation
import Pipeline
import Testing

/// The default model as set-up built it. Truth: anatomy.
@Suite(.enabled(if: Models.present, Models.missing)) struct HeadModelFileTests {
    private func model() throws -> MorphableModel { try HeadModelFile.load(from: Models.path) }

    private func points(_ model: MorphableModel, _ name: String) throws -> [SIMD3<Float>] {
        let index = try #require(model.expressions.firstIndex { $0.name == name })
        return model.points(identity: [], expression: (0...index).map { $0 == index ? 1 : 0 })
    }

    private func moved(_ model: MorphableModel, _ name: String) throws -> SIMD3<Float> {
        let changed = zip(try points(model, name), model.mean).filter { $0 != $1 }
        let weights = changed.map { (($0 - $1) * ($0 - $1)).sum().squareRoot() }
        return zip(changed, weights).reduce(.zero) { $0 + $1.0.1 * $1.1 } / weights.reduce(0, +)
    }

    @Test func hasApplesShapesInOrderOnTheRightSides() throws {
        let model = try model()
        #expect(model.expressions.map(\.name) == ARKit.names)
        for name in ARKit.names where name.hasSuffix("Left") && !name.hasPrefix("jaw") && name != "mouthLeft" {
            #expect(try moved(model, name).x > 0.005, "\(name) moves the wrong side")
            let other = try moved(model, name.replacingOccurrences(of: "Left", with: "Right"))
            #expect(other.x < -0.005)
        }
    }

    @Test func theJawOpensDownwardsWithItsTeeth() throws {
        let model = try model()
        let open = try points(model, "jawOpen")
        let teeth = Set(model.topology.parts[2].triangles.map { Int(model.topology.pointOfVertex[Int($0)]) })
        let drop = teeth.map { model.mean[$0].y - open[$0].y }
        #expect((drop.max() ?? 0) > 0.01, "the lower teeth stay up")
        #expect(abs(drop.min() ?? 1) < 0.002, "the upper teeth move")
    }

    @Test func isSymmetricAndOfAdultSize() throws {
        let model = try model()
        let mirror = model.topology.mirrorOfPoint
        let worst =
            model.mean.indices.map { g -> Float in
                let d = model.mean[g] * SIMD3(-1, 1, 1) - model.mean[Int(mirror[g])]
                return (d * d).sum().squareRoot()
            }.max() ?? 1
        #expect(worst < 0.004, "the mean head is \(worst * 1000) mm off its mirror image")
        let width = (model.mean.map(\.x).max() ?? 0) - (model.mean.map(\.x).min() ?? 0)
        #expect((0.14...0.21).contains(width), "ear to ear \(width) m")
    }

    /// Every texel of the skin belongs to one triangle: the layout does not overlap.
    @Test func theAtlasDoesNotOverlap() throws {
        let model = try model()
        let skin = model.topology.parts[0].triangles
        let uv = model.topology.uv
        var area: Float = 0
        for t in stride(from: 0, to: skin.count, by: 3) {
            let (a, b, c) = (uv[Int(skin[t])], uv[Int(skin[t + 1])], uv[Int(skin[t + 2])])
            area += abs((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)) / 2
        }
        let size = 1024
        let drawn = Rasterizer.draw(
            positions: uv.map { SIMD3($0.x * Float(size), $0.y * Float(size), 1) }, triangles: skin, width: size,
            height: size)
        let covered = Float(drawn.triangle.count { $0 >= 0 }) / Float(size * size)
        #expect(abs(area - covered) < 0.005, "triangles cover \(area) of the atlas, texels \(covered)")
        #expect(covered > 0.6)
    }

    @Test func landmarksLieWhereTheyBelong() throws {
        let model = try model()
        func place(_ i: Int) -> SIMD3<Float> {
            let a = model.landmarks[i]
            return (0..<3).reduce(.zero) { $0 + model.mean[Int(a.points[$1])] * a.weights[$1] }
        }
        // 33 and 263: outer eye corners (image left and right); 1: nose tip; 13: lip; 152: chin.
        #expect(place(33).x < -0.03 && place(263).x > 0.03)
        #expect(abs(place(1).x) < 0.004 && place(1).z > place(33).z + 0.02)
        #expect(place(152).y < place(13).y - 0.02 && place(13).y < place(1).y)
        #expect(model.landmarks.count { $0.deviation < 0.004 } > 250)
    }
}
