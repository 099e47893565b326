import Face
import Foundation
import Pipeline
import Testing

@Suite(.ownThreads, .enabled(if: Models.present, Models.missing)) struct MotionStreamTests {
    private struct Header: Decodable { var weights: [String] }
    private struct Line: Decodable {
        var frame: Int
        var rotation: [Double]
        var translation: [Double]
        var gaze: [Double]
        var weights: [Double]
    }

    /// Truth: the head angles and the blinks that the film was drawn with.
    @Test(.patient(minutes: 3)) func theStreamFollowsTheFilm() throws {
        let place = TemporaryDirectory()
        let film = Film.person
        let run = try Program.run([
            "run", "--source", film, "--output", place.path + "/out", "--models", Models.path, "--motion",
            place.path + "/motion.jsonl",
        ])
        try #require(run.status == 0, "\(run.errors)")
        let text = try String(contentsOfFile: place.path + "/motion.jsonl", encoding: .utf8)
        let rows = text.split(separator: "\n").map { Data($0.utf8) }
        let header = try JSONDecoder().decode(Header.self, from: rows[0])
        #expect(header.weights.count == 52)
        let lines = try rows.dropFirst().map { try JSONDecoder().decode(Line.self, from: $0) }
        try #require(lines.count > 40)
        #expect(lines.allSatisfy { $0.weights.count == 52 && $0.weights.allSatisfy((0...1).contains) })
        let truth = try SyntheticClip.truth((film as NSString).deletingLastPathComponent)
        let errors = lines.map { line -> Double in
            // The quaternion's yaw: where the face's +z points.
            let (x, y, z, w) = (line.rotation[0], line.rotation[1], line.rotation[2], line.rotation[3])
            let yaw = atan2(2 * (x * z + w * y), 1 - 2 * (x * x + y * y))
            return abs(yaw - truth.frames[line.frame].yaw) * 180 / .pi
        }.sorted()
        #expect(errors[errors.count / 2] < 2.5, "yaw \(errors[errors.count / 2])° off")
        let blink = try #require(header.weights.firstIndex(of: "eyeBlinkLeft"))
        let closed = lines.filter { truth.frames[$0.frame].expression["eyeBlinkLeft"] ?? 0 > 0.9 }
        let open = lines.filter { truth.frames[$0.frame].expression["eyeBlinkLeft"] ?? 0 < 0.05 }
        func mean(_ lines: [Line]) -> Double {
            lines.reduce(0) { $0 + $1.weights[blink] } / Double(max(lines.count, 1))
        }
        try #require(!closed.isEmpty)
        #expect(mean(closed) > mean(open) + 0.3, "closed \(mean(closed)), open \(mean(open))")
    }

    /// Truth: irises put where eyes that look in a known direction have them.
    @Test func gazeComesBack() throws {
        let model = try HeadModelFile.load(from: Models.path)
        let fit = ShapeFit(
            revision: 1, identity: [Double](repeating: 0, count: model.identityCount), deviation: .unknown, focal: 1000,
            views: [])
        let pose = Pose(yaw: 0.2, pitch: -0.1, roll: 0.05, translation: SIMD3(0.02, 0.01, 0.6))
        let view = ShapeFit.View(
            frame: 1, pose: pose, expression: [Double](repeating: 0, count: model.expressions.count), residual: 0)
        let eyes = Set(model.topology.parts[1].triangles.map { Int(model.topology.pointOfVertex[Int($0)]) })
        let camera = Camera(width: 1280, height: 720, focal: 1000)
        for (yaw, pitch) in [(0.0, 0.0), (0.3, 0.1), (-0.25, -0.2)] {
            func sight(_ isLeft: Bool) -> EyeFollower.Sight {
                let own = eyes.filter { (model.mean[$0].x > 0) == isLeft }.map { SIMD3<Double>(model.mean[$0]) }
                let centre = own.reduce(.zero, +) / Double(own.count)
                let radius =
                    own.reduce(0.0) { $0 + (($1 - centre) * ($1 - centre)).sum().squareRoot() } / Double(own.count)
                let direction = SIMD3(sin(yaw) * cos(pitch), sin(pitch), cos(yaw) * cos(pitch))
                return .init(iris: camera.project(pose.apply(centre + radius * direction)), openness: 0.35)
            }
            var follower = EyeFollower(model: model, fit: fit)
            let found = follower.view(view, left: sight(true), right: sight(false), imageWidth: 1280, imageHeight: 720)
            #expect(abs(found.yaw - yaw) < 0.01 && abs(found.pitch - pitch) < 0.01, "\(found.yaw), \(found.pitch)")
            let out = try #require(model.expressions.firstIndex { $0.name == "eyeLookOutLeft" })
            #expect(yaw > 0 ? found.view.expression[out] > 0.3 : found.view.expression[out] < 0.01)
        }
    }
}
