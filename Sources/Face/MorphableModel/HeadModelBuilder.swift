internal import Foundation
internal import Tensors

/// Builds the default morphable model from MakeHuman's data (CC0; see NOTICE).
///
/// 1. Cut the head from the body; add eyes, teeth, tongue and lashes.
/// 2. Draw adults from the sliders; mean and modes by PCA (`IdentityStatistics`), in which the face counts most; after
///    them smooth modes for what sliders cannot make (`SmoothModes`).
/// 3. Apple's 52 expressions from the "Face Units"; closed eyelids and jaws move what hangs on them.
/// 4. Lay out the atlas; subdivide once, all by the same linear operator.
/// 5. Decimetres to metres by the distance between the pupils, origin between the ears.
///
/// Landmarks are calibrated afterwards, since that takes a renderer and a tracker (`LandmarkCalibration`).
package struct HeadModelBuilder {
    /// Reads one file of the data by its name: `base.obj`, `hm08.mirror`, `targets/FOLDER/NAME`, `faceunits/NAME`.
    package typealias Reader = (String) throws -> String

    /// The neck ends at the ring of edges through this point of the base mesh.
    static let nape = 858
    /// Adults' mean distance between the pupils (Dodgson 2004), metres; MakeHuman's heads come out smaller.
    static let interPupillary = 0.063
    static let drawnHeads = 800
    static let keptVariance = 0.99
    static let maximumModes = 90
    /// So wide that scanned heads of another family lie within two deviations or so: two lengths, of a cheek and of a
    /// nose's wing.
    static let smoothScales: [SmoothModes.Scale] = [
        .init(deviation: 0.0024, length: 0.04), .init(deviation: 0.0012, length: 0.018),
    ]
    static let smoothSymmetry = 0.8
    static let smoothModes = 120

    let mesh: WavefrontMesh
    let mirror: [Int]
    let targetNames: [String]
    let read: Reader

    package init(targetNames: [String], read: @escaping Reader) throws {
        mesh = try WavefrontMesh(read("base.obj"), file: "base.obj")
        mirror = try Self.mirrorMap(read("hm08.mirror"), count: mesh.points.count)
        self.targetNames = targetNames
        self.read = read
    }

    /// - Returns: the model without usable landmarks, and the share of variance its modes keep.
    package func build() throws -> (model: MorphableModel, kept: Double) {
        let base = try cutHead()
        let sliders = HeadSliders(available: targetNames)
        let targets = try sliders.names.map {
            base.restrict(try MorphTarget(read("targets/\($0)"), file: $0, pointCount: mesh.points.count))
        }
        var generator = SeededGenerator(seed: 20_161_202)
        let rest = base.points.map { SIMD3<Double>(mesh.points[$0]) }
        let eyeballs = base.eyeballs(rest)
        let drawn = (0..<Self.drawnHeads).map { _ -> [SIMD3<Double>] in
            let weights = sliders.draw(&generator)
            var head = rest
            for (target, weight) in zip(targets, weights) where weight != 0 {
                for (point, offset) in zip(target.points, target.offsets) {
                    head[point] += weight * SIMD3<Double>(offset)
                }
            }
            for eyeball in eyeballs { eyeball.keepShape(&head) }
            return head
        }
        // Nobody is drawn more often than his mirror image: the mean comes out symmetric, and every mode is either
        // symmetric or antisymmetric.
        let mirror = base.mirror(mirror)
        let samples = drawn + drawn.map { head in mirror.map { head[$0] * SIMD3(-1, 1, 1) } }
        let statistics = IdentityStatistics(
            samples: samples, weights: base.weights(mesh), share: Self.keptVariance, maximumCount: Self.maximumModes)
        return (try assemble(base, statistics), statistics.kept)
    }

    private func assemble(_ base: BaseHead, _ statistics: IdentityStatistics) throws -> MorphableModel {
        let atlas = base.coordinates(mesh)
        let quads = base.quads.flatMap(\.quads)
        let subdivision = CatmullClark(pointCount: base.points.count, quads: quads, coordinates: atlas)
        let rest = base.flattenNeck(statistics.mean)
        let origin = SIMD3<Float>(base.betweenEars(rest))
        let metresPerUnit = Float(Self.interPupillary / base.betweenPupils(rest))
        let mean = subdivision.apply(rest.map { (SIMD3<Float>($0) - origin) * metresPerUnit })
        var modes: [Float] = []
        modes.reserveCapacity(statistics.modes.rows * 3 * mean.count)
        for k in 0..<statistics.modes.rows {
            let mode = base.points.indices.map { p in
                SIMD3<Float>((0..<3).map { Float(statistics.modes[k, 3 * p + $0]) }) * metresPerUnit
            }
            for offset in subdivision.apply(mode) { modes += [offset.x, offset.y, offset.z] }
        }
        let metric = rest.map { ($0 - SIMD3<Double>(origin)) * Double(metresPerUnit) }
        let eyeballs = base.eyeballs(metric)
        for mode in smoothModes(metric, eyeballs) {
            for offset in subdivision.apply(mode) { modes += [offset.x, offset.y, offset.z] }
        }
        let topology = topology(base, subdivision)
        let expressions = try ARKit.names.map { name -> MorphableModel.ExpressionShape in
            let target = try MorphTarget(read("faceunits/\(name)"), file: name, pointCount: mesh.points.count)
            var offsets = [SIMD3<Float>](repeating: .zero, count: base.points.count)
            let own = base.restrict(target)
            for (point, offset) in zip(own.points, own.offsets) { offsets[point] = offset * metresPerUnit }
            for eyeball in eyeballs { eyeball.turn(&offsets) }
            let fine = subdivision.apply(offsets)
            // Below 10 µm nobody sees a point move; leaving those out keeps the files small.
            let moved = fine.indices.filter { (fine[$0] * fine[$0]).sum() > 1e-10 }
            return .init(name: name, points: moved.map { UInt32($0) }, offsets: moved.map { fine[$0] })
        }
        let nowhere = MorphableModel.LandmarkAnchor(points: .zero, weights: [1, 0, 0], deviation: .infinity)
        return MorphableModel(
            topology: topology, mean: mean, identityModes: modes, expressions: expressions,
            landmarks: Array(repeating: nowhere, count: 468))
    }

    /// Of the face, fading towards the ears and the neck; eyeballs move as a whole.
    private func smoothModes(_ points: [SIMD3<Double>], _ eyeballs: [Eyeball]) -> [[SIMD3<Float>]] {
        func fade(_ x: Double, _ from: Double, _ to: Double) -> Double { min(max((x - from) / (to - from), 0), 1) }
        let amplitude = points.map { fade($0.z, -0.02, 0.03) * fade($0.y, -0.11, -0.08) }
        let smooth = SmoothModes(
            points: points, amplitude: amplitude, scales: Self.smoothScales, symmetry: Self.smoothSymmetry,
            count: Self.smoothModes)
        return smooth.modes.map { mode in
            var head = zip(points, mode).map { $0 + $1 }
            for eyeball in eyeballs { eyeball.keepShape(&head) }
            return zip(head, points).map { SIMD3<Float>($0 - $1) }
        }
    }

    private func topology(_ base: BaseHead, _ subdivision: CatmullClark) -> Topology {
        var vertexOf: [WavefrontMesh.Corner: UInt32] = [:]
        var pointOfVertex: [UInt32] = []
        var uv: [SIMD2<Float>] = []
        var parts: [Topology.Part] = []
        var first = 0
        for (material, quads) in base.quads {
            var triangles: [UInt32] = []
            for quad in subdivision.quads[first..<first + 4 * quads.count] {
                let numbers = quad.map { corner -> UInt32 in
                    if let known = vertexOf[corner] { return known }
                    let number = UInt32(uv.count)
                    vertexOf[corner] = number
                    pointOfVertex.append(UInt32(corner.point))
                    uv.append(subdivision.coordinates[corner.coordinate])
                    return number
                }
                triangles += [numbers[0], numbers[1], numbers[2], numbers[0], numbers[2], numbers[3]]
            }
            first += 4 * quads.count
            parts.append(Topology.Part(material: material, triangles: triangles))
        }
        let own = base.mirror(mirror)
        var pointWithOrigin: [[Int]: Int] = [:]
        for (i, origin) in subdivision.origins.enumerated() { pointWithOrigin[origin] = i }
        let mirrored = subdivision.origins.indices.map { i in
            UInt32(pointWithOrigin[subdivision.origins[i].map { own[$0] }.sorted()] ?? i)
        }
        return Topology(
            pointCount: subdivision.pointCount, pointOfVertex: pointOfVertex, uv: uv, parts: parts,
            mirrorOfPoint: mirrored)
    }

    private static func mirrorMap(_ text: String, count: Int) throws(HeadDataError) -> [Int] {
        var map = Array(0..<count)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 2, let a = Int(words[0]), let b = Int(words[1]), map.indices.contains(a),
                map.indices.contains(b)
            else { throw HeadDataError(file: "hm08.mirror", reason: "not `point point side`: \(line.prefix(40))") }
            map[a] = b
        }
        return map
    }
}
