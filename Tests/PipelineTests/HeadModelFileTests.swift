import Face
import Foundation
import Pipeline
import Tensors
import Testing
import Tracking

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
        #expect(worst < 1e-4, "the mean head is \(worst * 1000) mm off its mirror image")
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
        // The face: from the chin to the hairline, and 3 cm and more before the ears.
        func place(_ i: Int) -> SIMD3<Float> {
            let a = model.landmarks[i]
            return (0..<3).reduce(.zero) { $0 + model.mean[Int(a.points[$1])] * a.weights[$1] }
        }
        let (top, chin) = (place(10).y + 0.01, place(152).y)
        let face = drawn.triangle.count { t in
            guard t >= 0 else { return false }
            return (0..<3).allSatisfy { k in
                let p = model.mean[Int(model.topology.pointOfVertex[Int(skin[3 * Int(t) + k])])]
                return p.y > chin && p.y < top && p.z > 0.03
            }
        }
        #expect(Double(face) > 0.4 * Double(size * size), "the face has \(face) texels")
    }

    /// Truth: Dodgson 2004 (63 mm, σ 3.8 mm between adults' pupils); head breadth of adults, ANSUR II (151 ± 6.5 mm).
    @Test func drawnHeadsAreOfHumanSizes() throws {
        let model = try model()
        var generator = SeededGenerator(seed: 11)
        let eyes = Set(model.topology.parts[1].triangles.map { Int(model.topology.pointOfVertex[Int($0)]) })
        let skin = Set(model.topology.parts[0].triangles.map { Int(model.topology.pointOfVertex[Int($0)]) })
        var pupils: [Float] = []
        var breadths: [Float] = []
        for _ in 0..<150 {
            let head = model.points(identity: (0..<model.identityCount).map { _ in generator.normal() })
            func middle(_ side: [Int]) -> SIMD3<Float> { side.reduce(.zero) { $0 + head[$1] } / Float(side.count) }
            let (left, right) = (
                middle(eyes.filter { model.mean[$0].x > 0 }), middle(eyes.filter { model.mean[$0].x < 0 })
            )
            pupils.append(1000 * (left.x - right.x))
            let crown = skin.filter { head[$0].y > left.y + 0.035 }.map { head[$0].x }
            breadths.append(1000 * ((crown.max() ?? 0) - (crown.min() ?? 0)))
        }
        func statistics(_ values: [Float]) -> (mean: Float, deviation: Float) {
            let mean = values.reduce(0, +) / Float(values.count)
            return (mean, (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(values.count)).squareRoot())
        }
        let (pupil, breadth) = (statistics(pupils), statistics(breadths))
        #expect(abs(pupil.mean - 63) < 1 && (2.5...4.5).contains(pupil.deviation), "pupils \(pupil) mm apart")
        #expect(abs(breadth.mean - 151) < 4 && (4.5...8).contains(breadth.deviation), "heads \(breadth) mm broad")
    }

    /// Eyeballs keep their shape in every head and under every gaze, and stay behind the eyelids' margins.
    @Test func eyeballsStayRoundAndInTheirSockets() throws {
        let model = try model()
        let eyes = Set(model.topology.parts[1].triangles.map { Int(model.topology.pointOfVertex[Int($0)]) })
        let left = eyes.filter { model.mean[$0].x > 0 }.sorted()
        func middle(_ p: [SIMD3<Float>]) -> SIMD3<Float> { left.reduce(.zero) { $0 + p[$1] } / Float(left.count) }
        func arms(_ p: [SIMD3<Float>]) -> [Float] {
            left.map { ((p[$0] - middle(p)) * (p[$0] - middle(p))).sum().squareRoot() }
        }
        let rest = arms(model.mean)
        var generator = SeededGenerator(seed: 12)
        for _ in 0..<20 {
            let head = model.points(identity: (0..<model.identityCount).map { _ in generator.normal() })
            let ratios = zip(arms(head), rest).map { $0 / $1 }
            #expect((ratios.max() ?? 9) - (ratios.min() ?? 0) < 3e-3, "an eyeball is bent")
            #expect((0.8...1.2).contains(ratios[0]))
            // The eye's corners (landmarks 263 outer, 362 inner) lie about one radius from the eyeball's middle.
            for i in [263, 362] {
                let a = model.landmarks[i]
                let corner = (0..<3).reduce(SIMD3<Float>.zero) { $0 + head[Int(a.points[$1])] * a.weights[$1] }
                let d = corner - middle(head)
                let distance = (d * d).sum().squareRoot() / (rest.max()! * ratios[0])
                #expect((0.75...1.45).contains(distance), "an eye corner lies \(distance) radii from the eye")
            }
        }
        for name in ["eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft"] {
            let turned = try points(model, name)
            #expect(zip(arms(turned), rest).allSatisfy { abs($0 - $1) < 1e-4 }, "\(name) bends the eyeball")
            #expect((middle(turned) - middle(model.mean)).max() < 1e-4)
        }
    }

    /// A blink brings the margins of the lids (landmarks 386 above, 374 below) together on its own side only.
    @Test func aBlinkCloses() throws {
        let model = try model()
        let blink = try points(model, "eyeBlinkLeft")
        func gap(_ p: [SIMD3<Float>], _ upper: Int, _ lower: Int) -> Float {
            let (a, b) = (model.landmarks[upper], model.landmarks[lower])
            return (0..<3).reduce(0) {
                $0 + p[Int(a.points[$1])].y * a.weights[$1] - p[Int(b.points[$1])].y * b.weights[$1]
            }
        }
        #expect(gap(model.mean, 386, 374) > 0.005)
        #expect(gap(blink, 386, 374) < 0.35 * gap(model.mean, 386, 374))
        #expect(gap(blink, 159, 145) == gap(model.mean, 159, 145))
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

    /// Truth: the tracker's own landmarks on heads and views that the calibration never saw.
    @Test func anchorsFallWhereTheTrackerPutsItsLandmarks() throws {
        let model = try model()
        let calibration = LandmarkCalibration(model: model)
        var tracker = try FaceTracker(directory: Models.path)
        var generator = SeededGenerator(seed: 99)
        var squares: [Double] = []
        for (yaw, pitch) in [(0.1, 0.05), (-0.2, -0.1), (0.3, 0.1), (-0.35, 0)] {
            let head = model.points(identity: (0..<model.identityCount).map { _ in 0.8 * generator.normal() })
            let (image, _) = calibration.draw(head, yaw: yaw, pitch: pitch, light: 0.2)
            tracker.reset()
            let found = try tracker.landmarks(of: YUVImage(rgb: image)).get().points
            let places = model.landmarks.map { anchor -> SIMD2<Double> in
                let p = (0..<3).reduce(SIMD3<Float>.zero) { $0 + head[Int(anchor.points[$1])] * anchor.weights[$1] }
                let pose = LandmarkCalibration.pose(yaw: yaw, pitch: pitch)
                return LandmarkCalibration.camera.project(pose.apply(SIMD3<Double>(p)))
            }
            let apart = places[263] - places[33]
            let unit = (apart * apart).sum().squareRoot()
            for (i, anchor) in model.landmarks.enumerated() where anchor.deviation < 0.003 {
                let d = (places[i] - SIMD2<Double>(found[i])) / unit
                squares.append((d * d).sum())
            }
        }
        let error = (squares.reduce(0, +) / Double(squares.count)).squareRoot()
        #expect(squares.count > 4 * 250)
        #expect(error < 0.035, "landmarks lie \(error * 100) % of the distance between the outer eye corners apart")
    }
}
