import Face
import Foundation
import Pipeline
import Tensors
import Testing
import Video

/// Films of heads that do not come from our head model. Truth: their exact shapes, of another family.
@Suite(.enabled(if: Models.present && SharedData.present, SharedData.missing)) struct ForeignHeadTests {
    private struct Region: Decodable { var vertices: [Int] }
    private struct Frames: Decodable { var focal_px: Double }
    private struct Seven: Decodable { var points: [[Double]] }

    private static func spread(_ p: [SIMD3<Double>]) -> Double {
        let middle = p.reduce(.zero, +) / Double(p.count)
        return p.reduce(0) { $0 + (($1 - middle) * ($1 - middle)).sum() }.squareRoot()
    }

    /// Every fourth vertex of the face, then NoW's seven landmarks, metres.
    private static func truth(_ folder: String) throws -> [SIMD3<Double>] {
        let seven = try JSONDecoder().decode(
            Seven.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/landmarks7.json")))
        let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/neutral.ply"))
        let end = try #require(data.range(of: Data("end_header\n".utf8))).upperBound
        let region = try JSONDecoder().decode(
            Region.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/face_region.json")))
        let marks = seven.points.map { SIMD3($0[0], $0[1], $0[2]) / 1000 }
        let face = stride(from: 0, to: region.vertices.count, by: 4).map { i in
            let at = end + 12 * region.vertices[i]
            let p = (0..<3).map { c in
                data.subdata(in: at + 4 * c..<at + 4 * c + 4).withUnsafeBytes { $0.loadUnaligned(as: Float.self) }
            }
            return SIMD3(Double(p[0]), Double(p[1]), Double(p[2])) / 1000
        }
        // About NoW's crop: a sphere around the bottom of the nose.
        return face.filter { (($0 - marks[4]) * ($0 - marks[4])).sum() < 0.09 * 0.09 } + marks
    }

    /// The motion and size of least squares from the last of `points` to `target`, applied to all of them.
    private static func placed(_ points: [SIMD3<Double>], last target: [SIMD3<Double>]) -> [SIMD3<Double>] {
        let size = spread(target) / spread(Array(points.suffix(target.count)))
        let weights = [Double](repeating: 0, count: points.count - target.count) + target.map { _ in 1 }
        let all = [SIMD3<Double>](repeating: .zero, count: points.count - target.count) + target
        return IdentityStatistics.align(points.map { $0 * size }, to: all, weights: weights)
    }

    /// Median distance of the truth's points from the head's surface (plane of the nearest point) after the best motion
    /// and size, millimetres.
    private static func median(_ points: [SIMD3<Float>], _ model: MorphableModel, _ truth: [SIMD3<Double>]) -> Double {
        let normals = model.topology.normals(points: points)
        let front = Set(model.topology.parts[0].triangles.map { Int(model.topology.pointOfVertex[Int($0)]) })
            .filter { points[$0].z > 0.02 }.sorted()
        let surface = front.map { (place: points[$0], normal: normals[$0]) }
        let seven = NoWLandmarks.places(model: model, points: points).map { SIMD3<Double>($0) }
        var moved = placed(truth, last: seven)
        var distances: [Double] = []
        for _ in 0..<15 {
            let nearest = moved.mapConcurrently { p -> Int in
                let q = SIMD3<Float>(p)
                var (best, at) = (Float.infinity, 0)
                for i in surface.indices {
                    let d = surface[i].place - q
                    let square = (d * d).sum()
                    if square < best { (best, at) = (square, i) }
                }
                return at
            }
            // Point to plane (Chen and Medioni 1991): rotation, translation, log size.
            var rows = Matrix(rows: moved.count, columns: 8)
            distances = []
            for (i, (p, n)) in zip(moved, nearest).enumerated() {
                let normal = SIMD3<Double>(surface[n].normal)
                let off = ((p - SIMD3<Double>(surface[n].place)) * normal).sum()
                distances.append(abs(off) * 1000)
                let spin = cross(p, normal)
                let row = [spin.x, spin.y, spin.z, normal.x, normal.y, normal.z, (p * normal).sum(), off]
                for (c, value) in row.enumerated() { rows[i, c] = value }
            }
            let gram = rows.gram()
            let step =
                gram.block(rows: 0..<7, columns: 0..<7).choleskySolve((0..<7).map { -gram[$0, 7] })
                ?? [Double](repeating: 0, count: 7)
            let turn = Rotation(vector: SIMD3(step[0], step[1], step[2]))
            moved = moved.map { turn.apply($0) * exp(step[6]) + SIMD3(step[3], step[4], step[5]) }
        }
        return distances.sorted()[distances.count / 2]
    }

    @Test(.timeLimit(.minutes(3))) func aTurningHeadIsBetterThanTheMeanOne() throws {
        let model = try HeadModelFile.load(from: Models.path)
        var (own, unfitted) = (0.0, 0.0)
        for head in 1...3 {
            let folder = "\(SharedData.path)/heads/\(head)"
            let keyframes = try Keyframes.selected(
                from: VideoSource(parsing: folder + "/clip.mp4"), until: 10, models: Models.path)
            var estimator = ShapeEstimator(model: model)
            let fit = estimator.absorb(keyframes: keyframes)
            let truth = try Self.truth(folder)
            let fitted = Self.median(model.points(identity: fit.identity), model, truth)
            let mean = Self.median(model.mean, model, truth)
            let frames = try JSONDecoder().decode(
                Frames.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/frames.json")))
            print("head \(head): \(fitted) mm, mean head \(mean) mm")
            print("head \(head): focal length \(fit.focal) of \(frames.focal_px) pixels")
            #expect(abs(log(fit.focal / frames.focal_px)) < 0.25)
            own += fitted / 3
            unfitted += mean / 3
        }
        print("heads of another family after 10 s: \(own) mm, mean head \(unfitted) mm")
        #expect(own < 0.75 * unfitted)
    }
}
