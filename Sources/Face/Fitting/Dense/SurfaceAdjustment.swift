internal import Foundation
internal import Tensors

/// Bundle adjustment over the surface (Triggs et al. 1999): poses of all views, identity and focal length from how the
/// skin's own pattern moves between views, together with the landmarks.
///
/// Landmarks say where a network believes the parts of a face to be, and it believes in the average face; parallax says
/// how deep the skin lies, whoever it belongs to. Where the fit is right, a texel shows the same pattern in all views.
/// Residual: the shift between a texel's pattern in a reference view and in another one, weighted by what its window can
/// tell. With T the motion of a texel's place in a view's picture, told in texels (`SurfaceMotion`), a step changes the
/// shift by T(reference) − T(view). One Gauss–Newton step, then all is unwrapped and compared anew.
struct SurfaceAdjustment {
    /// One place of the skin that is followed.
    struct Sample {
        /// Texel coordinates and the index into `TexelMap.texels`.
        var x: Int
        var y: Int
        var texel: Int
        /// 3 × (E + K), metres: expressions at weight 1, then identity modes per standard deviation.
        var basis: [Double]
    }

    let atlas: TextureAtlas
    let samples: [Sample]
    /// Per skin triangle: inverse of its edges in texels, (a, b, c, d) of [a b; c d].
    private let chart: [SIMD4<Double>]

    /// Texels along the side of the maps in which patterns are compared: about 1.2 mm on the face.
    static let size = 256
    private static let spacing = 6
    /// How many views' information all pairs of views together have: what moves patterns without the shape (shade, gloss,
    /// expression) is the same in all of them.
    private static let allPairs = 0.5
    /// Expressions are held to what the landmarks made of them by so much more than in a fit to landmarks alone.
    private static let expressionHold = 100.0
    /// Of the log of a head's size about the mean head's, beside what the identity's own prior says.
    private static let sizeDeviation = 0.02
    /// The longest step of log focal length.
    private static let longestStep = 0.15
    /// Reference views at most, from left to right.
    private static let references = 3

    /// - Parameter expressions: numbers of the shapes that a fit uses (`LandmarkModel.expressions`).
    init(model: MorphableModel, expressions: [Int]) {
        let atlas = TextureAtlas(model: model, size: Self.size)
        self.atlas = atlas
        let map = atlas.map
        let regions = map.interpolated(
            model.mean.indices.map { g in
                SIMD4(
                    atlas.regions.insideFace[g], atlas.regions.scalp[g],
                    atlas.regions.interior[g] == .none ? 0 : 1, 0)
            })
        let (shapes, count) = (expressions.count, model.identityCount)
        let row = 3 * model.mean.count
        let offsets = expressions.map { number in
            var all = [SIMD3<Float>](repeating: .zero, count: model.mean.count)
            for (point, offset) in zip(model.expressions[number].points, model.expressions[number].offsets) {
                all[Int(point)] = offset
            }
            return all
        }
        samples = map.texels.indices.compactMap { i in
            let at = Int(map.texels[i])
            let (x, y) = (at % Self.size, at / Self.size)
            guard x % Self.spacing == Self.spacing / 2, y % Self.spacing == Self.spacing / 2, regions[i].x > -0.02,
                regions[i].y < 0.5, regions[i].z == 0
            else { return nil }
            let weights = [1 - map.weights[i].x - map.weights[i].y, map.weights[i].x, map.weights[i].y]
            let corners = (0..<3).map { Int(map.corners[i][$0]) }
            var basis = [Double](repeating: 0, count: 3 * (shapes + count))
            for c in 0..<3 {
                for e in 0..<shapes {
                    let moved = (0..<3).reduce(Float(0)) { $0 + weights[$1] * offsets[e][corners[$1]][c] }
                    basis[c * (shapes + count) + e] = Double(moved)
                }
                for k in 0..<count {
                    let moved = (0..<3).reduce(Float(0)) {
                        $0 + weights[$1] * model.identityModes[k * row + 3 * corners[$1] + c]
                    }
                    basis[c * (shapes + count) + shapes + k] = Double(moved)
                }
            }
            return Sample(x: x, y: y, texel: i, basis: basis)
        }
        let part = model.topology.parts.first { $0.material == .skin }?.triangles ?? []
        chart = Array(stride(from: 0, to: part.count, by: 3)).map { t in
            let uv = (0..<3).map { SIMD2<Double>(model.topology.uv[Int(part[t + $0])]) * Double(Self.size) }
            let (p, q) = (uv[1] - uv[0], uv[2] - uv[0])
            let determinant = p.x * q.y - p.y * q.x
            guard abs(determinant) > 1e-9 else { return .zero }
            return SIMD4(q.y, -q.x, -p.y, p.x) / determinant
        }
    }

    /// One view's head as it stands: points, normals and pose.
    private struct Posed {
        var points: [SIMD3<Float>]
        var pose: Pose
    }

    /// Moves everything in `problem` to where the views' patterns lie on each other.
    /// - Parameters:
    ///   - keyframes: one per view of the problem.
    ///   - rounds: at most; ends earlier when the landmarks' places move less than 0.06 mm.
    /// - Returns: the posterior standard deviation over the landmarks, millimetres; `nil`, and `problem` untouched, when
    ///   the views cannot be compared or the result is no head.
    func refine(_ problem: inout LandmarkProblem, keyframes: [Keyframe], rounds: Int) -> Double? {
        precondition(keyframes.count == problem.poses.count)
        guard Self.haveParallax(problem.poses), keyframes.allSatisfy({ min($0.crop.width, $0.crop.height) >= 48 })
        else {
            return nil
        }
        let neutral = [Double](repeating: 0, count: problem.model.expressions.count)
        var (trial, deviation) = (problem, Double?.none)
        for _ in 0..<rounds {
            let heads = heads(of: trial)
            let focal = trial.focal
            let views = heads.indices.mapConcurrently { v in
                let head = PosedHead(
                    atlas: atlas, keyframe: keyframes[v], points: heads[v].points, neutral: nil, pose: heads[v].pose,
                    focal: focal, followsLandmarks: false)
                return SurfaceView(atlas.unwrap(keyframes[v], head: head, pose: heads[v].pose))
            }
            let before = trial.model.places(identity: trial.identity, expression: neutral)
            deviation = step(&trial, tracks: tracks(views, trial), heads: heads)
            guard deviation != nil, Self.isPlausible(trial) else { return nil }
            let after = trial.model.places(identity: trial.identity, expression: neutral)
            let moved = zip(before, after).reduce(0) { $0 + (($1.0 - $1.1) * ($1.0 - $1.1)).sum() }
            if (moved / Double(before.count)).squareRoot() < 6e-5 { break }
        }
        problem = trial
        return deviation
    }

    /// Views less than 6° apart say nothing about depth that their noise does not drown.
    private static func haveParallax(_ poses: [Pose]) -> Bool {
        let (yaws, pitches) = (poses.map(\.angles.yaw), poses.map(\.angles.pitch))
        func range(_ values: [Double]) -> Double { (values.max() ?? 0) - (values.min() ?? 0) }
        return max(range(yaws), range(pitches)) > 0.1
    }

    private static func isPlausible(_ problem: LandmarkProblem) -> Bool {
        problem.identity.allSatisfy { abs($0) < 5 } && abs(log(problem.focal / problem.focalPrior)) < 1.2
            && problem.poses.allSatisfy { $0.translation.z > 0.12 }
    }

    private func heads(of problem: LandmarkProblem) -> [Posed] {
        let neutral = atlas.model.points(identity: problem.identity)
        return problem.poses.indices.map { v in
            var points = neutral
            for (e, number) in problem.model.expressions.enumerated() where problem.expressions[v][e] != 0 {
                let (shape, weight) = (atlas.model.expressions[number], Float(problem.expressions[v][e]))
                for (point, offset) in zip(shape.points, shape.offsets) { points[Int(point)] += weight * offset }
            }
            return Posed(points: points, pose: problem.poses[v])
        }
    }

    /// The most frontal view and the ones nearest to 25° on either side, if they are far enough from it.
    private func references(_ problem: LandmarkProblem) -> [Int] {
        let yaws = problem.poses.map(\.angles.yaw)
        var chosen: [Int] = []
        for wanted in [0, -0.42, 0.42] {
            let best = yaws.indices.min { abs(yaws[$0] - wanted) < abs(yaws[$1] - wanted) }!
            if chosen.allSatisfy({ abs(yaws[$0] - yaws[best]) > 0.17 }) { chosen.append(best) }
        }
        return chosen
    }

    private func tracks(_ views: [SurfaceView], _ problem: LandmarkProblem) -> [SurfaceTrack] {
        let references = references(problem)
        let found = views.indices.mapConcurrently { k in
            var tracks: [SurfaceTrack] = []
            for r in references where r != k {
                // Two references see each other once.
                if references.contains(k), k < r { continue }
                for (s, sample) in samples.enumerated() {
                    let at = sample.y * Self.size + sample.x
                    guard views[r].quality[at] > 0.1, views[k].quality[at] > 0.05,
                        let found = SurfaceTracker.shift(from: views[k], to: views[r], x: sample.x, y: sample.y)
                    else { continue }
                    tracks.append(
                        SurfaceTrack(
                            texel: s, reference: r, view: k, shift: found.shift, information: found.information))
                }
            }
            return tracks
        }
        return found.flatMap { $0 }
    }

    /// One damped Gauss–Newton step of everything: `[view: pose 6, expression E] … | identity K | log focal`.
    private func step(_ problem: inout LandmarkProblem, tracks: [SurfaceTrack], heads: [Posed]) -> Double? {
        let (n, k, e) = (heads.count, problem.identity.count, problem.model.expressions.count)
        let own = 6 + e
        let size = own * n + k + 1
        var system = Matrix(rows: size, columns: size)
        var gradient = [Double](repeating: 0, count: size)
        func add(_ gram: Matrix, at places: [Int]) {
            let last = gram.columns - 1
            for (i, a) in places.enumerated() {
                for (j, b) in places.enumerated() { system[a, b] += gram[i, j] }
                gradient[a] += gram[i, last]
            }
        }
        let shared = (0..<k + 1).map { own * n + $0 }
        func ofView(_ v: Int) -> [Int] { (0..<own).map { own * v + $0 } }
        for (v, landmarks) in problem.landmarkRows().enumerated() {
            add(landmarks.rows.gram(), at: ofView(v) + shared)
            for i in 0..<e {
                let at = own * v + 6 + i
                system[at, at] += Self.expressionHold * landmarks.expressionInformation
                gradient[at] += Self.expressionHold * landmarks.expressionInformation * problem.expressions[v][i]
            }
        }
        let pairs = Dictionary(grouping: tracks) { SIMD2($0.reference, $0.view) }
        for (pair, tracks) in pairs.sorted(by: { ($0.key.x, $0.key.y) < ($1.key.x, $1.key.y) }) {
            let rows = self.rows(
                tracks, problem, heads[pair.x], heads[pair.y], trust: Self.allPairs / Double(pairs.count))
            add(rows.gram(), at: ofView(pair.x) + ofView(pair.y) + shared)
        }
        for i in 0..<k {
            system[own * n + i, own * n + i] += 1
            gradient[own * n + i] += problem.identity[i]
        }
        // One camera cannot see how large a head is, and what little bends the shape would drag the size along.
        let scale = Self.logSize(problem)
        let sizeInformation = pow(Self.sizeDeviation, -2)
        for i in 0..<k {
            for j in 0..<k {
                system[own * n + i, own * n + j] += sizeInformation * scale.slope[i] * scale.slope[j]
            }
            gradient[own * n + i] += sizeInformation * scale.slope[i] * scale.value
        }
        let focalInformation = pow(ShapeEstimator.focalDeviation, -2)
        system[size - 1, size - 1] += focalInformation
        gradient[size - 1] += focalInformation * log(problem.focal / problem.focalPrior)
        // An expression at its bound that is pushed further out stays there.
        for v in 0..<n {
            for i in 0..<e {
                let (at, weight) = (own * v + 6 + i, problem.expressions[v][i])
                guard (weight <= 0 && gradient[at] > 0) || (weight >= 1 && gradient[at] < 0) else { continue }
                for j in 0..<size {
                    system[at, j] = 0
                    system[j, at] = 0
                }
                system[at, at] = 1
                gradient[at] = 0
            }
        }
        for i in 0..<own * n { system[i, i] *= 1 + 1e-6 }
        var right = Matrix(rows: size, columns: k + 1)
        for i in 0..<k { right[own * n + i, i] = 1 }
        for i in 0..<size { right[i, k] = -gradient[i] }
        guard let solved = system.choleskySolve(right) else { return nil }
        // The whole step is shortened where it would leave the linearization.
        let share = min(1, Self.longestStep / max(abs(solved[size - 1, k]), 1e-9))
        func step(_ i: Int) -> Double { solved[i, k] * share }

        for i in 0..<k { problem.identity[i] += step(own * n + i) }
        problem.focal *= exp(step(size - 1))
        for v in 0..<n {
            let at = own * v
            problem.poses[v].rotation =
                Rotation(vector: SIMD3(step(at), step(at + 1), step(at + 2))) * problem.poses[v].rotation
            problem.poses[v].translation += SIMD3(step(at + 3), step(at + 4), step(at + 5))
            problem.poses[v].translation.z = max(problem.poses[v].translation.z, 0.1)
            for i in 0..<e {
                problem.expressions[v][i] = min(max(problem.expressions[v][i] + step(at + 6 + i), 0), 1)
            }
        }
        return problem.surfaceDeviation(solved.block(rows: own * n..<own * n + k, columns: 0..<k))
    }

    /// Log of the landmarks' spread against the mean head's, and its derivative by the identity.
    private static func logSize(_ problem: LandmarkProblem) -> (value: Double, slope: [Double]) {
        let model = problem.model
        let middle = model.mean.reduce(.zero, +) / Double(model.mean.count)
        let e = model.expressions.count
        var slope = [Double](repeating: 0, count: problem.identity.count)
        var square = 0.0
        for (l, p) in model.mean.enumerated() {
            let d = p - middle
            square += (d * d).sum()
            for k in slope.indices {
                for c in 0..<3 { slope[k] += d[c] * model.basis[3 * l + c, e + k] }
            }
        }
        slope = slope.map { $0 / square }
        return (zip(slope, problem.identity).reduce(0) { $0 + $1.0 * $1.1 }, slope)
    }

    /// Two whitened rows per track: `[reference's pose and expression | view's | identity K | log focal | value]`.
    private func rows(
        _ tracks: [SurfaceTrack], _ problem: LandmarkProblem, _ reference: Posed, _ view: Posed, trust: Double
    ) -> Matrix {
        let width = 2 * (6 + problem.model.expressions.count) + problem.identity.count + 2
        var result = Matrix(rows: 2 * tracks.count, columns: width)
        let squares = tracks.map { t in
            let (i, s) = (t.information, t.shift)
            return i.x * s.x * s.x + 2 * i.y * s.x * s.y + i.z * s.y * s.y
        }
        let middle = squares.sorted()[squares.count / 2]
        let scale = max(4 * middle, 9)
        for (number, track) in tracks.enumerated() {
            let sample = samples[track.texel]
            guard let row = linearized(track, sample, problem, reference, view) else { continue }
            // Cauchy's weight, by the view's own standard: what moves unlike the rest is gloss, a strand, a shadow.
            let weight = (trust / (1 + squares[number] / scale)).squareRoot()
            let i = track.information
            // Lᵀ of the information L Lᵀ.
            let a = i.x.squareRoot()
            let b = i.y / a
            let c = max(i.z - b * b, 0).squareRoot()
            for j in 0..<width {
                result[2 * number, j] = weight * (a * row.x[j] + b * row.y[j])
                result[2 * number + 1, j] = weight * c * row.y[j]
            }
        }
        return result
    }

    /// The shift's change (x and y, texels) by all unknowns, and last the shift that is left: the texel's motion in the
    /// view less its motion in the reference. `nil` where either sees the place edge-on.
    private func linearized(
        _ track: SurfaceTrack, _ sample: Sample, _ problem: LandmarkProblem, _ reference: Posed, _ view: Posed
    ) -> (x: [Double], y: [Double])? {
        guard let first = motion(sample, problem, reference), let second = motion(sample, problem, view) else {
            return nil
        }
        let own = 6 + problem.model.expressions.count
        func row(_ a: [Double], _ b: [Double], _ shift: Double) -> [Double] {
            a[0..<own].map { -$0 } + b[0..<own] + zip(b[own...], a[own...]).map { $0 - $1 } + [-shift]
        }
        return (row(first.x, second.x, track.shift.x), row(first.y, second.y, track.shift.y))
    }

    private func motion(_ sample: Sample, _ problem: LandmarkProblem, _ head: Posed) -> SurfaceMotion? {
        let map = atlas.map
        let corners = map.corners[sample.texel]
        let weights = SIMD2<Double>(map.weights[sample.texel])
        let a = SIMD3<Double>(head.points[Int(corners.x)])
        let (e1, e2) = (
            SIMD3<Double>(head.points[Int(corners.y)]) - a, SIMD3<Double>(head.points[Int(corners.z)]) - a
        )
        let c = chart[Int(map.triangles[sample.texel])]
        return SurfaceMotion(
            place: a + e1 * weights.x + e2 * weights.y, along: e1 * c.x + e2 * c.z, down: e1 * c.y + e2 * c.w,
            basis: sample.basis, pose: head.pose, focal: problem.focal)
    }
}
