import Face
import Foundation
import Tensors
import Testing

@Suite struct ExpressionTransferTests {
    private static func dense(_ shape: MorphableModel.ExpressionShape, count: Int) -> [SIMD3<Float>] {
        var offsets = [SIMD3<Float>](repeating: .zero, count: count)
        for (point, offset) in zip(shape.points, shape.offsets) { offsets[Int(point)] = offset }
        return offsets
    }

    /// The toy head with shapes that end: what hardly moves does not move at all.
    private static func model() -> MorphableModel {
        var model = ToyHead.model()
        for e in model.expressions.indices {
            let shape = model.expressions[e]
            let kept = shape.points.indices.filter { (shape.offsets[$0] * shape.offsets[$0]).sum() > 1e-7 }
            model.expressions[e].points = kept.map { shape.points[$0] }
            model.expressions[e].offsets = kept.map { shape.offsets[$0] }
        }
        return model
    }

    /// Truth: the model's own shapes.
    @Test func theMeanHeadKeepsItsShapes() {
        let model = Self.model()
        for (shape, offsets) in zip(model.expressions, ExpressionTransfer(model: model).offsets(on: model.mean)) {
            for (a, b) in zip(offsets, Self.dense(shape, count: model.mean.count)) {
                let d = a - b
                #expect((d * d).sum() < 1e-12, "\(shape.name)")
            }
        }
    }

    /// Truth: a head twice as large does everything twice as far.
    @Test func shapesGrowWithTheHead() {
        let model = Self.model()
        let large = model.mean.map { $0 * 2 }
        for (shape, offsets) in zip(model.expressions, ExpressionTransfer(model: model).offsets(on: large)) {
            let worst =
                zip(offsets, Self.dense(shape, count: model.mean.count)).map { a, b in
                    ((a - 2 * b) * (a - 2 * b)).sum().squareRoot()
                }.max() ?? .infinity
            #expect(worst < 1e-4, "\(shape.name)")
        }
    }

    /// Truth: the paper's least squares written out densely in double precision, solved by Cholesky.
    @Test func anotherHeadGetsTheLeastSquaresSolution() throws {
        let model = Self.model()
        var identity = [Double](repeating: 0, count: ToyHead.modes)
        (identity[0], identity[1], identity[3]) = (1.5, -1, 1)
        let head = model.points(identity: identity)
        let transferred = ExpressionTransfer(model: model).offsets(on: head)
        let triangles = model.topology.parts.first { $0.material == .skin }!.triangles
        for (shape, offsets) in zip(model.expressions, transferred) {
            let mean = Self.dense(shape, count: head.count)
            let number = Dictionary(uniqueKeysWithValues: shape.points.enumerated().map { (Int($1), $0) })
            var normal = Matrix(rows: number.count, columns: number.count)
            var right = Matrix(rows: number.count, columns: 3)
            for t in stride(from: 0, to: triangles.count, by: 3) {
                let corners = (0..<3).map { Int(triangles[t + $0]) }
                guard corners.contains(where: { number[$0] != nil }) else { continue }
                let gradient = try Self.gradient(
                    corners.map { SIMD3<Double>(model.mean[$0]) },
                    corners.map { SIMD3<Double>(model.mean[$0] + mean[$0]) })
                for (i, j) in [(0, 1), (1, 2), (2, 0)] {
                    let edge = SIMD3<Double>(head[corners[i]]) - SIMD3<Double>(head[corners[j]])
                    let target = gradient.0 * edge.x + gradient.1 * edge.y + gradient.2 * edge.z - edge
                    for (p, q, sign) in [(corners[i], corners[j], 1.0), (corners[j], corners[i], -1.0)] {
                        guard let row = number[p] else { continue }
                        normal[row, row] += 1
                        if let other = number[q] { normal[row, other] -= 1 }
                        for c in 0..<3 { right[row, c] += sign * target[c] }
                    }
                }
            }
            let solution = try #require(normal.choleskySolve(right))
            var worst = 0.0
            for (point, row) in number {
                for c in 0..<3 { worst = max(worst, abs(solution[row, c] - Double(offsets[point][c]))) }
            }
            #expect(worst < 1e-4, "\(shape.name): \(worst) m from the dense solution")
        }
    }

    /// Columns of the map that takes a triangle's edges, and its normal over the root of the normal's length, to another's.
    private static func gradient(
        _ p: [SIMD3<Double>], _ q: [SIMD3<Double>]
    ) throws -> (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>) {
        func columns(_ t: [SIMD3<Double>]) -> [SIMD3<Double>] {
            let n = cross(t[1] - t[0], t[2] - t[0])
            return [t[1] - t[0], t[2] - t[0], n / (n * n).sum().squareRoot().squareRoot()]
        }
        let (a, b) = (columns(p), columns(q))
        // Rows of X solve aᵀ · row = bᵀ; by the normal equations, as there is only a symmetric solver.
        var gram = Matrix(rows: 3, columns: 3)
        for i in 0..<3 { for j in 0..<3 { gram[i, j] = (a[i] * a[j]).sum() } }
        let mixed = try (0..<3).map { axis in try #require(gram.choleskySolve((0..<3).map { b[$0][axis] })) }
        func column(_ c: Int) -> SIMD3<Double> {
            SIMD3((0..<3).map { axis in (0..<3).reduce(0) { $0 + mixed[axis][$1] * a[$1][c] } })
        }
        return (column(0), column(1), column(2))
    }
}

@Suite struct LipSealTests {
    /// Two lips, half cylinders of 5 mm, `gap` apart, the lower one `forward` before the upper one, 50 mm wide.
    private static func model(gap: Float, forward: Float = 0) -> MorphableModel {
        var points: [SIMD3<Float>] = []
        var triangles: [UInt32] = []
        let (columns, rows) = (26, 13)
        for lip in 0..<2 {
            let first = UInt32(points.count)
            for c in 0..<columns {
                for r in 0..<rows {
                    // Full turns from behind over the front, so that the lips' facing sides are round.
                    let angle = Float.pi * (Float(r) / Float(rows - 1) * 1.6 - 0.8)
                    let height: Float = (lip == 0 ? 1 : -1) * (0.005 + gap / 2)
                    points.append(
                        SIMD3(
                            -0.025 + 0.002 * Float(c), height + 0.005 * sin(angle),
                            0.1 + 0.005 * cos(angle) + (lip == 1 ? forward : 0)))
                }
            }
            for c in 0..<UInt32(columns - 1) {
                for r in 0..<UInt32(rows - 1) {
                    let (a, b) = (first + c * UInt32(rows) + r, first + (c + 1) * UInt32(rows) + r)
                    triangles += [a, b, b + 1, a, b + 1, a + 1]
                }
            }
        }
        let count = points.count
        func nearest(_ p: SIMD3<Float>) -> UInt32 {
            UInt32(
                points.indices.min { a, b in
                    ((points[a] - p) * (points[a] - p)).sum() < ((points[b] - p) * (points[b] - p)).sum()
                }!)
        }
        var places = [Int: SIMD3<Float>]()
        for (i, n) in [185, 40, 39, 37, 0, 267, 269, 270, 409].enumerated() {
            places[n] = [-0.02 + 0.005 * Float(i), 0.006, 0.105]
        }
        for (i, n) in [146, 91, 181, 84, 17, 314, 405, 321, 375].enumerated() {
            places[n] = [-0.02 + 0.005 * Float(i), -0.006, 0.105]
        }
        (places[61], places[291]) = ([-0.025, 0.001, 0.1], [0.025, 0.001, 0.1])
        let landmarks = (0..<468).map { n -> MorphableModel.LandmarkAnchor in
            let point = places[n].map(nearest) ?? 0
            return .init(points: [point, point, point], weights: [1, 0, 0], deviation: 0.001)
        }
        let low = (count / 2..<count).map { UInt32($0) }
        return MorphableModel(
            topology: Topology(
                pointCount: count, pointOfVertex: (0..<UInt32(count)).map { $0 },
                uv: [SIMD2<Float>](repeating: .zero, count: count),
                parts: [Topology.Part(material: .skin, triangles: triangles)],
                mirrorOfPoint: (0..<UInt32(count)).map { $0 }),
            mean: points, identityModes: [],
            expressions: [.init(name: "jawOpen", points: low, offsets: low.map { _ in [0, -0.02, 0] })],
            landmarks: landmarks)
    }

    /// Truth: the distance that the two lips were built apart.
    @Test(arguments: [Float(0.003), 0.001, -0.0005])
    func theGapIsMeasured(gap: Float) throws {
        let model = Self.model(gap: gap)
        let seal = try #require(LipSeal(model: model))
        // Cylinders of twelve sides are flatter than round ones.
        #expect(abs(seal.opening(of: model.mean) - gap) < 0.0003)
    }

    @Test(arguments: [Float(0.003), 0.001, -0.003])
    func lipsMeetAndDoNotRunThroughEachOther(gap: Float) throws {
        let model = Self.model(gap: gap)
        let seal = try #require(LipSeal(model: model))
        var head = model.mean
        for (point, offset, _) in seal.closing(head) { head[point].y += offset }
        let opening = seal.opening(of: head)
        #expect(opening < 0.0002 && opening > -0.0013, "\(opening) m")
        // Both lips take their part.
        let (up, down) = (
            model.mean[6 + 13 * 12].y - head[6 + 13 * 12].y,
            head[26 * 13 + 6 + 13 * 12].y - model.mean[26 * 13 + 6 + 13 * 12].y
        )
        #expect(abs(up - down) < 0.1 * max(abs(up), 1e-5))
    }

    @Test func aLowerLipBeforeTheUpperOneIsClosedToo() throws {
        let model = Self.model(gap: 0.002, forward: 0.004)
        let seal = try #require(LipSeal(model: model))
        let before = seal.opening(of: model.mean)
        var head = model.mean
        for (point, offset, _) in seal.closing(head) { head[point].y += offset }
        #expect(before > 0.002 && seal.opening(of: head) < 0.0002)
    }

    @Test func aHeadWithoutAJawHasNoSeal() {
        var model = Self.model(gap: 0.001)
        model.expressions = []
        #expect(LipSeal(model: model) == nil)
    }
}
