import Face
import Foundation
import Tensors
import Testing

@Suite struct TriangleSurfaceTests {
    /// Truth: trying every triangle.
    @Test func theGridFindsWhatTryingAllFinds() {
        let model = ToyHead.model()
        let surface = TriangleSurface(skinOf: model, points: model.mean)
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<300 {
            let p = SIMD3<Float>((0..<3).map { _ in Float(generator.uniform() - 0.5) * 0.4 })
            let found = surface.nearest(to: p)
            // Cells larger than the head: everything is in one of them.
            let all = TriangleSurface(positions: surface.positions, triangles: surface.triangles, cell: 1).nearest(
                to: p)
            let (a, b) = (found.position - p, all.position - p)
            #expect(abs((a * a).sum().squareRoot() - (b * b).sum().squareRoot()) < 1e-6)
            let corners = surface.triangles[found.triangle]
            let q = (0..<3).reduce(SIMD3<Float>.zero) { $0 + surface.positions[Int(corners[$1])] * found.weights[$1] }
            #expect(((q - found.position) * (q - found.position)).sum() < 1e-10)
        }
    }
}

@Suite struct HeadComparisonTests {
    private static func scan(_ points: [SIMD3<Float>], _ model: MorphableModel, size: Double) -> HeadScan {
        let turn = Rotation(vector: SIMD3(0.2, -0.3, 0.1))
        let moved = points.map { turn.apply(SIMD3<Double>($0)) * size + SIMD3(0.3, -0.1, 0.4) }
        let surface = TriangleSurface(skinOf: model, points: model.mean)
        return HeadScan(
            positions: moved, triangles: surface.triangles,
            region: points.map { $0.y > 0 ? .forehead : .jaw },
            landmarks7: [60, 70, 80, 90, 233, 300, 310].map { moved[$0] }, count: 2000)
    }

    private static func seven(_ points: [SIMD3<Float>]) -> [SIMD3<Double>] {
        [60, 70, 80, 90, 233, 300, 310].map { SIMD3<Double>(points[$0]) }
    }

    /// Truth: the motion and size that were applied.
    @Test func theSameHeadElsewhereIsNoDistanceAway() {
        let model = ToyHead.model()
        let scan = Self.scan(model.mean, model, size: 1.07)
        let surface = TriangleSurface(skinOf: model, points: model.mean)
        let result = HeadComparison(surface, landmarks7: Self.seven(model.mean), with: scan)
        #expect(scan.points.count > 500)
        #expect(
            result.free.mean < 0.01 && abs(result.free.size - 1.07) < 1e-3, "\(result.free.mean) \(result.free.size)")
        // 7 % of size cannot be moved away.
        #expect(result.metric.median > 0.3 && result.metric.size == 1)
    }

    /// A bump of 4 mm on the upper half is found there and nowhere else.
    @Test func aBumpIsFoundWhereItIs() {
        let model = ToyHead.model()
        let bumped = model.mean.map { p -> SIMD3<Float> in
            let d = p - SIMD3(0, 0.05, 0.08)
            return p + SIMD3(0, 0, 0.004 * exp(-(d * d).sum() / 0.0004))
        }
        let scan = Self.scan(model.mean, model, size: 1)
        let surface = TriangleSurface(skinOf: model, points: bumped)
        let result = HeadComparison(surface, landmarks7: Self.seven(bumped), with: scan)
        #expect((2...4).contains(result.free.all.max() ?? 0), "\(result.free.all.max() ?? 0) mm")
        #expect(result.free.regions[.jaw]! < 0.5 * result.free.regions[.forehead]!)
    }
}

@Suite struct ShapeUncertaintyTests {
    /// Motion and growth are no shape. Truth: modes made of nothing else.
    @Test func motionAndGrowthAreNoShape() {
        var model = ToyHead.model()
        let moves: [(SIMD3<Float>) -> SIMD3<Float>] = [
            { _ in [0.002, 0, 0] }, { p in [-0.03 * p.y, 0.03 * p.x, 0] }, { p in p * 0.05 },
            { p in [0, 0, 0.002 * sin(60 * p.x)] },
        ]
        model.identityModes = moves.flatMap { move in
            model.mean.flatMap { p in
                let d = move(p); return [d.x, d.y, d.z]
            }
        }
        let uncertainty = ShapeUncertainty(model: model, regions: HeadRegions(model: model), count: 200)
        func told(_ mode: Int) -> Double {
            var covariance = Matrix(rows: 4, columns: 4)
            covariance[mode, mode] = 1
            return uncertainty.of(covariance).surface
        }
        for mode in 0..<3 { #expect(told(mode) < 1e-3 * told(3), "mode \(mode): ±\(told(mode)) mm") }
        #expect((0.5...5).contains(told(3)))
    }
}
