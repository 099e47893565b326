import Face
import Foundation

/// A small head-like model with known everything: an ellipsoid's front with a nose, smooth random modes, three
/// expressions, one landmark on each of its 468 points.
enum ToyHead {
    static let modes = 8

    static func model() -> MorphableModel {
        var generator = SeededGenerator(seed: 11)
        let (columns, rows) = (26, 18)
        var points: [SIMD3<Float>] = []
        for r in 0..<rows {
            for c in 0..<columns {
                let yaw = (Double(c) / Double(columns - 1) - 0.5) * 2.4
                let height = (Double(r) / Double(rows - 1) - 0.5) * 0.18
                let round = (1 - pow(height / 0.13, 2)).squareRoot()
                let nose = 0.025 * exp(-pow(yaw / 0.18, 2) - pow((height + 0.01) / 0.025, 2))
                let radius = 0.075 * round
                points.append(
                    SIMD3(Float(radius * sin(yaw)), Float(-height), Float((radius * 1.25 + nose) * cos(yaw))))
            }
        }
        func wave() -> [SIMD3<Float>] {
            let k = (0..<3).map { _ in SIMD3(generator.normal(), generator.normal(), generator.normal()) * 22 }
            let phase = (0..<3).map { _ in generator.uniform() * 6 }
            return points.map { p -> SIMD3<Float> in
                let q = SIMD3<Double>(p)
                var v = SIMD3<Float>.zero
                for c in 0..<3 { v[c] = Float(sin((k[c] * q).sum() + phase[c])) }
                return v
            }
        }
        var identity: [Float] = []
        for k in 0..<modes {
            let size = 0.004 / Float(1 + k / 2)
            for v in wave() { identity += [v.x * size, v.y * size, v.z * size] }
        }
        let names = ["jawOpen", "mouthSmileLeft", "browInnerUp"]
        let centres: [SIMD3<Float>] = [[0, -0.05, 0.06], [0.03, -0.03, 0.06], [0, 0.06, 0.06]]
        var expressions: [MorphableModel.ExpressionShape] = []
        for (name, centre) in zip(names, centres) {
            let direction: SIMD3<Float> = [0, name == "jawOpen" ? -0.02 : 0.012, 0.002]
            let offsets = points.map { p -> SIMD3<Float> in
                let d = p - centre
                return direction * exp(-(d * d).sum() / 0.0008)
            }
            expressions.append(.init(name: name, points: points.indices.map { UInt32($0) }, offsets: offsets))
        }
        var triangles: [UInt32] = []
        for r in 0..<rows - 1 {
            for c in 0..<columns - 1 {
                let (a, b) = (UInt32(r * columns + c), UInt32((r + 1) * columns + c))
                triangles += [a, b, b + 1, a, b + 1, a + 1]
            }
        }
        let parts = Topology.Material.allCases.map {
            Topology.Part(material: $0, triangles: $0 == .skin ? triangles : [])
        }
        let count = points.count
        return MorphableModel(
            topology: Topology(
                pointCount: count, pointOfVertex: (0..<UInt32(count)).map { $0 },
                uv: [SIMD2<Float>](repeating: .zero, count: count), parts: parts,
                mirrorOfPoint: (0..<UInt32(count)).map { $0 }),
            mean: points, identityModes: identity, expressions: expressions,
            landmarks: (0..<UInt32(count)).map { .init(points: [$0, $0, $0], weights: [1, 0, 0], deviation: 0.0005) })
    }
}
