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
    private static let allPairs = 0.7
    /// How much landmarks count beside parallax, of what they count alone: their bias is the average face's.
    private static let landmarks = 0.5
    /// Weight of the prior about neutral beside its weight in a fit to landmarks alone: of a neutral view, and at least. Left
    /// as free as there, neutral views took for a smile what was the shape of a mouth; held everywhere alike, what a
    /// grimacing view could not say as expression became identity and focal length.
    private static let neutralHold = 100.0
    private static let leastHold = 2.0
    /// Sum of squared expression weights that halves the hold: the prior is heavy-tailed (Cauchy), since most views of most
    /// people are neutral and the others are far from it.
    private static let expressiveness = 0.1
    /// Of the log of a head's size about the mean head's. One camera cannot see the size; what little bends the shape would
    /// drag it along.
    private static let sizeDeviation = 0.01
    /// The longest step of log focal length.
    private static let longestStep = 0.15

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

    /// One view's head as it stands: G points with the view's expression, model space, and its pose.
    private struct Posed {
        var points: [SIMD3<Float>]
        var pose: Pose
    }

    /// Moves everything in `problem` to where the views' patterns lie on each other.
    /// - Parameters:
    ///   - keyframes: one per view of the problem.
    ///   - rounds: at most; ends earlier when the landmarks' places move less than 0.06 mm.
    /// - Returns: the posterior covariance of the identity (K × K); `nil`, and `problem` untouched, when the views cannot be
    ///   compared or the result is no head.
    func refine(_ problem: inout LandmarkProblem, keyframes: [Keyframe], rounds: Int) -> Matrix? {
        precondition(keyframes.count == problem.poses.count)
        guard Self.haveParallax(problem.poses), keyframes.allSatisfy({ min($0.crop.width, $0.crop.height) >= 48 })
        else {
            return nil
        }
        let neutral = [Double](repeating: 0, count: problem.model.expressions.count)
        var (trial, covariance) = (problem, Matrix?.none)
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
            covariance = step(&trial, tracks: tracks(views, trial), heads: heads)
            guard covariance != nil, Self.isPlausible(trial) else { return nil }
            let after = trial.model.places(identity: trial.identity, expression: neutral)
            let moved = zip(before, after).reduce(0) { $0 + (($1.0 - $1.1) * ($1.0 - $1.1)).sum() }
            if (moved / Double(before.count)).squareRoot() < 6e-5 { break }
        }
        problem = trial
        return covariance
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
            let expression = problem.model.complete(problem.expressions[v], count: atlas.model.expressions.count)
            let points = atlas.model.expressed(neutral, expression: expression)
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

    /// One Gauss–Newton step of everything.
    /// - Returns: the posterior covariance of the identity; `nil` if the equations have no solution.
    private func step(_ problem: inout LandmarkProblem, tracks: [SurfaceTrack], heads: [Posed]) -> Matrix? {
        var equations = SurfaceEquations(problem)
        for (v, landmarks) in problem.landmarkRows(share: Self.landmarks).enumerated() {
            equations.add(landmarks.rows, ofViews: [v])
            let squares = problem.expressions[v].reduce(0) { $0 + $1 * $1 }
            let hold = Self.leastHold + Self.neutralHold / (1 + squares / Self.expressiveness)
            equations.holdExpression(
                of: v, at: problem.expressions[v], information: hold * landmarks.expressionInformation)
        }
        let motions = motions(tracks, problem, heads)
        let pairs = Dictionary(grouping: tracks) { SIMD2($0.reference, $0.view) }
            .sorted { ($0.key.x, $0.key.y) < ($1.key.x, $1.key.y) }
        let grams = pairs.mapConcurrently { [problem] pair, tracks in
            let trust = Self.allPairs / Double(pairs.count)
            return rows(tracks, problem, motions[pair.x], motions[pair.y], trust: trust).gram()
        }
        for ((pair, _), gram) in zip(pairs, grams) { equations.add(gram: gram, ofViews: [pair.x, pair.y]) }
        equations.addPriors(problem, sizeDeviation: Self.sizeDeviation)
        for v in heads.indices { equations.holdAtBounds(v, expression: problem.expressions[v]) }
        guard let solution = equations.solved() else { return nil }
        solution.move(&problem, longestFocalStep: Self.longestStep)
        return solution.identityCovariance
    }

    /// Two whitened rows per track: `[reference's pose and expression | view's | identity K | log focal | value]`.
    private func rows(
        _ tracks: [SurfaceTrack], _ problem: LandmarkProblem, _ reference: [SurfaceMotion?], _ view: [SurfaceMotion?],
        trust: Double
    ) -> Matrix {
        let own = 6 + problem.model.expressions.count
        let width = 2 * own + problem.identity.count + 2
        var result = Matrix(rows: 2 * tracks.count, columns: width)
        let squares = tracks.map { t in
            let (i, s) = (t.information, t.shift)
            return i.x * s.x * s.x + 2 * i.y * s.x * s.y + i.z * s.y * s.y
        }
        let middle = squares.sorted()[squares.count / 2]
        let scale = max(4 * middle, 9)
        for (number, track) in tracks.enumerated() {
            // Where either sees the place edge-on, nothing can be said.
            guard let first = reference[track.texel], let second = view[track.texel] else { continue }
            // Cauchy's weight, by the view's own standard: what moves unlike the rest is gloss, a strand, a shadow.
            let weight = (trust / (1 + squares[number] / scale)).squareRoot()
            let i = track.information
            // Lᵀ of the information L Lᵀ.
            let a = i.x.squareRoot()
            let b = i.y / a
            let c = max(i.z - b * b, 0).squareRoot()
            func set(_ j: Int, _ x: Double, _ y: Double) {
                result[2 * number, j] = weight * (a * x + b * y)
                result[2 * number + 1, j] = weight * c * y
            }
            // The shift changes by the texel's motion in the view less its motion in the reference.
            for j in 0..<own {
                set(j, -first.x[j], -first.y[j])
                set(own + j, second.x[j], second.y[j])
            }
            for j in own..<first.x.count { set(own + j, second.x[j] - first.x[j], second.y[j] - first.y[j]) }
            set(width - 1, -track.shift.x, -track.shift.y)
        }
        return result
    }

    /// Per view, how each sample that is followed in it moves.
    private func motions(_ tracks: [SurfaceTrack], _ problem: LandmarkProblem, _ heads: [Posed]) -> [[SurfaceMotion?]] {
        var wanted = [[Bool]](repeating: [Bool](repeating: false, count: samples.count), count: heads.count)
        for track in tracks {
            wanted[track.reference][track.texel] = true
            wanted[track.view][track.texel] = true
        }
        return heads.indices.mapConcurrently { [wanted] v in
            samples.indices.map { wanted[v][$0] ? motion(samples[$0], problem, heads[v]) : nil }
        }
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
