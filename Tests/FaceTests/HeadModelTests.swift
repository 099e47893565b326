import Face
import Foundation
import Tensors
import Testing

@Suite struct CatmullClarkTests {
    private static func corners(_ ids: [[Int]]) -> [[WavefrontMesh.Corner]] {
        ids.map { $0.map { WavefrontMesh.Corner(point: $0, coordinate: $0) } }
    }

    /// Truth: the rules applied by hand to the cube ±1: its corners go to 5/9, edge points to 3/4, face points to 1.
    @Test func cube() {
        let points: [SIMD3<Float>] = (0..<8).map {
            SIMD3($0 & 1 == 0 ? -1 : 1, $0 & 2 == 0 ? -1 : 1, $0 & 4 == 0 ? -1 : 1)
        }
        let quads = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
        let fine = CatmullClark(
            pointCount: 8, quads: Self.corners(quads), coordinates: [SIMD2<Float>](repeating: .zero, count: 8))
        let result = fine.apply(points)
        #expect(fine.pointCount == 8 + 12 + 6 && fine.quads.count == 24)
        for i in 0..<8 { #expect(abs(abs(result[i].x) - 5.0 / 9) < 1e-6) }
        for i in 8..<20 {
            let a = [result[i].x, result[i].y, result[i].z].map { abs($0) }.sorted()
            #expect(a[0] < 1e-6 && abs(a[1] - 0.75) < 1e-6 && abs(a[2] - 0.75) < 1e-6)
        }
        for i in 20..<26 { #expect(abs((result[i] * result[i]).sum() - 1) < 1e-6) }
    }

    @Test func aFlatBorderStaysFlatAndStraight() {
        let points: [SIMD3<Float>] = (0..<9).map { SIMD3(Float($0 % 3), Float($0 / 3), 0) }
        let quads = [[0, 1, 4, 3], [1, 2, 5, 4], [3, 4, 7, 6], [4, 5, 8, 7]]
        let fine = CatmullClark(
            pointCount: 9, quads: Self.corners(quads), coordinates: [SIMD2<Float>](repeating: .zero, count: 9))
        let result = fine.apply(points)
        #expect(result.allSatisfy { $0.z == 0 })
        #expect(result[1] == SIMD3(1, 0, 0), "a border point between two others on a line stays on it")
        #expect(result[4] == SIMD3(1, 1, 0))
    }
}

@Suite struct SmoothModesTests {
    private static let points: [SIMD3<Double>] = [
        [0.01, 0, 0], [-0.01, 0, 0], [0.03, 0.02, 0.01], [-0.03, 0.02, 0.01], [0, 0.05, 0],
    ]
    private static let scale = SmoothModes.Scale(deviation: 0.002, length: 0.03)

    /// Truth: the covariance written out. With as many modes as unknowns, Σ mode · modeᵀ is all of it.
    @Test func allModesTogetherAreTheCovariance() {
        let amplitude: [Double] = [1, 1, 0.5, 0.5, 1]
        let modes = SmoothModes(
            points: Self.points, amplitude: amplitude, scales: [Self.scale], symmetry: 0.6, count: 15
        ).modes
        func kernel(_ p: SIMD3<Double>, _ q: SIMD3<Double>) -> Double {
            let square = ((p - q) * (p - q)).sum()
            return 4e-6 * exp(-square / 0.0018)
        }
        func covariance(_ i: Int, _ j: Int, _ axis: Int) -> Double {
            let (p, q) = (Self.points[i], Self.points[j])
            let sign = axis == 0 ? -0.6 : 0.6
            return amplitude[i] * amplitude[j] * (kernel(p, q) + sign * kernel(p, q * SIMD3(-1, 1, 1)))
        }
        for i in 0..<5 {
            for j in 0..<5 {
                for c in 0..<3 {
                    for d in 0..<3 {
                        let sum = modes.reduce(0.0) { $0 + $1[i][c] * $1[j][d] }
                        let truth = c == d ? covariance(i, j, c) : 0
                        #expect(abs(sum - truth) < 1e-11, "points \(i), \(j), axes \(c), \(d)")
                    }
                }
            }
        }
    }

    /// The first modes take the most; what has no amplitude does not move.
    @Test func fewModesTakeWhatIsLargest() {
        let modes = SmoothModes(
            points: Self.points, amplitude: [1, 1, 0, 0, 1], scales: [Self.scale], symmetry: 0.6, count: 4
        ).modes
        #expect(modes.count == 4)
        #expect(modes.allSatisfy { $0[2] == .zero && $0[3] == .zero })
        let taken = modes.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + ($1 * $1).sum() } }
        let all = SmoothModes(
            points: Self.points, amplitude: [1, 1, 0, 0, 1], scales: [Self.scale], symmetry: 0.6, count: 15
        ).modes.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + ($1 * $1).sum() } }
        #expect(taken > 0.7 * all, "\(taken) of \(all) m²")
    }
}

@Suite struct IdentityStatisticsTests {
    /// Truth: an inverse problem: samples made from two known modes, moved about rigidly, give those two back.
    @Test func knownModesComeBack() {
        var generator = SeededGenerator(seed: 1)
        let n = 40
        let mean = (0..<n).map { _ in SIMD3(generator.normal(), generator.normal(), generator.normal()) }
        func pure(_ raw: [SIMD3<Double>]) -> [SIMD3<Double>] {
            // Free of any infinitesimal rigid motion, so that the alignment has nothing to take away.
            var field = raw
            for _ in 0..<200 {
                let middle = field.reduce(.zero, +) / Double(n)
                for i in 0..<n { field[i] -= middle }
                for axis in 0..<3 {
                    var unit = SIMD3<Double>.zero
                    unit[axis] = 1
                    let spin = mean.map { cross(unit, $0) }
                    let share =
                        zip(field, spin).reduce(0) { $0 + ($1.0 * $1.1).sum() }
                        / spin.reduce(0) { $0 + ($1 * $1).sum() }
                    for i in 0..<n { field[i] -= share * spin[i] }
                }
            }
            return field
        }
        let first = pure((0..<n).map { _ in 0.02 * SIMD3(generator.normal(), generator.normal(), generator.normal()) })
        let second = pure(
            (0..<n).map { _ in 0.005 * SIMD3(generator.normal(), generator.normal(), generator.normal()) })
        let samples = (0..<400).map { _ -> [SIMD3<Double>] in
            let (a, b) = (generator.normal(), generator.normal())
            let motion = Rotation(vector: [
                0.3 * generator.normal(), 0.3 * generator.normal(), 0.3 * generator.normal(),
            ])
            let shift = SIMD3(generator.normal(), generator.normal(), generator.normal())
            return (0..<n).map { motion.apply(mean[$0] + a * first[$0] + b * second[$0]) + shift }
        }
        let statistics = IdentityStatistics(
            samples: samples, weights: [Double](repeating: 1, count: n), share: 0.9999, maximumCount: 10)
        #expect(statistics.modes.rows == 2)
        let aligned = IdentityStatistics.align(statistics.mean, to: mean, weights: [Double](repeating: 1, count: n))
        let error = zip(aligned, mean).map { (($0 - $1) * ($0 - $1)).sum() }.max() ?? 1
        #expect(error < 1e-4)
        let power = (0..<2).map { k in (0..<3 * n).reduce(0) { $0 + statistics.modes[k, $1] * statistics.modes[k, $1] }
        }
        let truth = [first, second].map { $0.reduce(0) { $0 + ($1 * $1).sum() } }
        #expect(abs(power[0] / truth[0] - 1) < 0.25 && abs(power[1] / truth[1] - 1) < 0.25)
    }
}

@Suite struct HeadDataTests {
    @Test(arguments: ["f 1/1 2/2 3/3 9/9", "v 1 2", "v a b c", "vt 1", "", "v nan 0 0"])
    func aBrokenMeshIsAnError(line: String) {
        let text = line.isEmpty ? "" : "v 0 0 0\nv 1 0 0\nv 1 1 0\nvt 0 0\nvt 1 0\nvt 1 1\n\(line)\n"
        #expect(throws: HeadDataError.self) { try WavefrontMesh(text, file: "x.obj") }
    }

    @Test(arguments: ["9 0 0 0", "-1 0 0 0", "0 0 0", "0 x 0 0", "0 inf 0 0"])
    func aBrokenTargetIsAnError(line: String) {
        #expect(throws: HeadDataError.self) { try MorphTarget("# head\n\(line)\n", file: "x", pointCount: 5) }
    }

    @Test func aTargetReads() throws {
        let target = try MorphTarget("# a\n3 .1 -.2 1e-1\n\n4 0 0 1\n", file: "x", pointCount: 5)
        #expect(target.points == [3, 4] && target.offsets == [SIMD3(0.1, -0.2, 0.1), SIMD3(0, 0, 1)])
    }

    /// Every byte of the file counts: cut anywhere or with one byte changed it is refused, never a crash.
    @Test func aDamagedModelFileIsAnError() throws {
        let topology = Topology(
            pointCount: 3, pointOfVertex: [0, 1, 2], uv: [[0, 0], [1, 0], [0, 1]],
            parts: Topology.Material.allCases.map { .init(material: $0, triangles: [0, 1, 2]) },
            mirrorOfPoint: [0, 2, 1])
        let model = MorphableModel(
            topology: topology, mean: [[0, 0, 0], [1, 0, 0], [0, 1, 0]],
            identityModes: (0..<18).map(Float.init),
            expressions: [.init(name: "jawOpen", points: [1], offsets: [[0, 1, 0]])],
            landmarks: [.init(points: [0, 1, 2], weights: [0.2, 0.3, 0.5], deviation: 0.001)])
        let file = model.encoded()
        let back = try MorphableModel(encoded: file)
        #expect(back.topology == model.topology && back.mean == model.mean && back.landmarks == model.landmarks)
        #expect(back.identityModes == model.identityModes && back.expressions == model.expressions)
        for length in 0..<file.count {
            #expect(throws: ModelFileError.self) { try MorphableModel(encoded: Array(file.prefix(length))) }
        }
        for at in file.indices {
            var damaged = file
            damaged[at] ^= 0x10
            #expect(throws: ModelFileError.self) { try MorphableModel(encoded: damaged) }
        }
    }
}
