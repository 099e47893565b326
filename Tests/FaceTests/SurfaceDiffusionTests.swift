import Face
import Testing

/// Diffusion over a surface's edges. Truth: resistors in series, on a path whose ends are held.
@Suite struct SurfaceDiffusionTests {
    private func path(_ count: Int) -> PointNeighbours {
        let edges = (0..<UInt32(count) - 1).flatMap { [$0, $0, $0 + 1] }
        return PointNeighbours(triangles: edges, pointCount: count)
    }

    /// Zero at the first point and so much at the last, and how strongly they are held there.
    private func held(_ count: Int, last: SIMD4<Float>) -> (values: [SIMD4<Float>], weights: [Float]) {
        var values = [SIMD4<Float>](repeating: .zero, count: count)
        var weights = [Float](repeating: 0, count: count)
        values[count - 1] = last
        (weights[0], weights[count - 1]) = (1e4, 1e4)
        return (values, weights)
    }

    @Test func itIsHarmonic() {
        let (values, weights) = held(20, last: SIMD4(19, 38, 0, 0))
        let line = path(20).diffused(values, weights: weights)
        for i in 0..<20 { #expect(abs(line[i].x - Float(i)) < 0.02 && abs(line[i].y - 2 * Float(i)) < 0.04) }
    }

    /// An edge of conductance 1/9 has the drop of nine others.
    @Test func itDropsWhereItConductsLittle() {
        let (values, weights) = held(11, last: SIMD4(18, 0, 0, 0))
        // Points from 5 on are of another kind: a difference of √8 tolerances conducts a ninth.
        let kinds = (0..<11).map { $0 < 5 ? Float(0) : Float(8).squareRoot() * 0.1 }
        let conductances = path(11).conductances(kinds, tolerance: 0.1)
        let result = path(11).diffused(values, weights: weights, conductances: conductances)
        for i in 0..<11 { #expect(abs(result[i].x - Float(i < 5 ? i : i + 8)) < 0.02) }
    }
}
