/// The part of MakeHuman's body that is the head: its own numbering, quads by material, and which points count how much.
struct BaseHead {
    /// Numbers in the body mesh, ascending.
    let points: [Int]
    /// Own point numbers, the body's texture coordinate numbers.
    let quads: [(material: Topology.Material, quads: [[WavefrontMesh.Corner]])]
    /// Body number → own number.
    private let own: [Int: Int]
    private let groupOf: [(group: String, range: Range<Int>)]

    init(
        points: [Int], quads: [(Topology.Material, [[WavefrontMesh.Corner]])], own: [Int: Int],
        groups: [(String, Range<Int>)]
    ) {
        self.points = points
        self.quads = quads
        self.own = own
        groupOf = groups
    }

    /// A target of the body, in own numbers.
    func restrict(_ target: MorphTarget) -> (points: [Int], offsets: [SIMD3<Float>]) {
        var kept: (points: [Int], offsets: [SIMD3<Float>]) = ([], [])
        for (point, offset) in zip(target.points, target.offsets) {
            guard let number = own[point] else { continue }
            kept.points.append(number)
            kept.offsets.append(offset)
        }
        return kept
    }

    func mirror(_ body: [Int]) -> [Int] { points.map { own[body[$0]] ?? own[$0]! } }

    /// How much a point counts in the statistics: the face most, the back of the head little, what is inside least.
    func weights(_ mesh: WavefrontMesh) -> [Double] {
        let skin = Set(quads.first { $0.material == .skin }?.quads.flatMap { $0.map(\.point) } ?? [])
        return points.indices.map { i in
            let p = mesh.points[points[i]]
            guard skin.contains(i) else { return 0.02 }
            return p.z > 0.75 && p.y > 6.25 ? 1 : 0.1
        }
    }

    /// Middle between the two ears, by MakeHuman's layout: the skin's extreme points left and right at ear height.
    func betweenEars(_ positions: [SIMD3<Double>]) -> SIMD3<Double> {
        let skin = Set(quads.first { $0.material == .skin }?.quads.flatMap { $0.map(\.point) } ?? [])
        let sides = skin.sorted { positions[$0].x < positions[$1].x }
        let extreme = sides.prefix(60) + sides.suffix(60)
        let middle = extreme.reduce(SIMD3<Double>.zero) { $0 + positions[$1] } / Double(extreme.count)
        return SIMD3(0, middle.y, middle.z)
    }

    /// Distance between the middles of the eyeballs, in the unit of `positions`.
    func betweenPupils(_ positions: [SIMD3<Double>]) -> Double {
        let eyes = Set(quads.first { $0.material == .eyes }?.quads.flatMap { $0.map(\.point) } ?? [])
        func middle(_ side: [Int]) -> SIMD3<Double> {
            side.reduce(.zero) { $0 + positions[$1] } / Double(max(side.count, 1))
        }
        let d = middle(eyes.filter { positions[$0].x > 0 }) - middle(eyes.filter { positions[$0].x <= 0 })
        return (d * d).sum().squareRoot()
    }

    /// The neck's open edge moved onto the plane that lies nearest to it, straight up or down, so that it ends evenly.
    func flattenNeck(_ positions: [SIMD3<Double>]) -> [SIMD3<Double>] {
        var sides: [SIMD2<Int>: Int] = [:]
        for quad in quads.first(where: { $0.material == .skin })?.quads ?? [] {
            for i in 0..<4 {
                let (a, b) = (quad[i].point, quad[(i + 1) % 4].point)
                sides[SIMD2(min(a, b), max(a, b)), default: 0] += 1
            }
        }
        let edge = Set(sides.filter { $0.value == 1 }.flatMap { [$0.key.x, $0.key.y] }).filter { positions[$0].y < 6.4 }
        guard edge.count >= 8 else { return positions }
        // y = a + b z, by least squares; the head is symmetric in x.
        let n = Double(edge.count)
        let (my, mz) = (edge.reduce(0) { $0 + positions[$1].y } / n, edge.reduce(0) { $0 + positions[$1].z } / n)
        let slope =
            edge.reduce(0) { $0 + (positions[$1].z - mz) * (positions[$1].y - my) }
            / edge.reduce(0) { $0 + (positions[$1].z - mz) * (positions[$1].z - mz) }
        var result = positions
        for p in edge { result[p].y = my + slope * (positions[p].z - mz) }
        return result
    }

    /// Texture coordinates per material, glTF's convention; numbers are the body's.
    func coordinates(_ mesh: WavefrontMesh) -> [SIMD2<Float>] {
        let ownPositions = points.map { mesh.points[$0] }
        var result = mesh.coordinates
        for (material, quads) in quads {
            if material == .skin {
                let laidOut = HeadAtlas.layout(quads: quads, coordinates: mesh.coordinates, points: ownPositions)
                for quad in quads { for corner in quad { result[corner.coordinate] = laidOut[corner.coordinate] } }
            }
        }
        for (group, range) in groupOf where group != "body" {
            // Each helper's own box becomes the whole atlas of its material.
            let quads = quads.flatMap(\.quads)[range]
            let used = Set(quads.flatMap { $0.map(\.coordinate) })
            var (low, high) = (SIMD2<Float>(repeating: .infinity), SIMD2<Float>(repeating: -.infinity))
            for c in used {
                low = pointwiseMin(low, mesh.coordinates[c])
                high = pointwiseMax(high, mesh.coordinates[c])
            }
            for c in used {
                let p = (mesh.coordinates[c] - low) / pointwiseMax(high - low, SIMD2(repeating: 1e-6))
                result[c] = SIMD2(0.01 + 0.98 * p.x, 0.01 + 0.98 * (1 - p.y))
            }
        }
        return result
    }
}

extension HeadModelBuilder {
    private static let helpers: [(Topology.Material, [String])] = [
        (.eyes, ["helper-l-eye", "helper-r-eye"]), (.teeth, ["helper-upper-teeth", "helper-lower-teeth"]),
        (.tongue, ["helper-tongue"]),
        (
            .lashes,
            ["helper-l-eyelashes-1", "helper-l-eyelashes-2", "helper-r-eyelashes-1", "helper-r-eyelashes-2"]
        ),
    ]

    func cutHead() throws(HeadDataError) -> BaseHead {
        guard let body = mesh.quads["body"] else { throw HeadDataError(file: "base.obj", reason: "no group 'body'") }
        var groups: [(String, Range<Int>)] = []
        var chosen: [(Topology.Material, [[WavefrontMesh.Corner]])] = []
        let head = Self.evenCut(body) { mesh.points[$0].y > Self.cut && abs(mesh.points[$0].x) < 1.2 }
        chosen.append((.skin, head))
        groups.append(("body", 0..<head.count))
        var count = head.count
        for (material, names) in Self.helpers {
            var quads: [[WavefrontMesh.Corner]] = []
            for name in names {
                guard let own = mesh.quads[name] else {
                    throw HeadDataError(file: "base.obj", reason: "no group '\(name)'")
                }
                groups.append((name, count..<count + own.count))
                count += own.count
                quads += own
            }
            chosen.append((material, quads))
        }
        let points = Set(chosen.flatMap { $0.1.flatMap { $0.map(\.point) } }).sorted()
        var own: [Int: Int] = [:]
        for (i, point) in points.enumerated() { own[point] = i }
        let quads = chosen.map { material, quads in
            (
                material,
                quads.map { $0.map { WavefrontMesh.Corner(point: own[$0.point]!, coordinate: $0.coordinate) } }
            )
        }
        return BaseHead(points: points, quads: quads, own: own, groups: groups)
    }

    /// The quads inside, without the teeth that a plane cuts into a ring of quads: a quad that hangs on by one side
    /// goes, a notch with three sides inside is filled.
    private static func evenCut(
        _ quads: [[WavefrontMesh.Corner]], inside: (Int) -> Bool
    ) -> [[WavefrontMesh.Corner]] {
        var facesOfEdge: [SIMD2<Int>: [Int]] = [:]
        func edges(_ quad: [WavefrontMesh.Corner]) -> [SIMD2<Int>] {
            (0..<4).map { i in
                let (a, b) = (quad[i].point, quad[(i + 1) % 4].point)
                return SIMD2(min(a, b), max(a, b))
            }
        }
        for (f, quad) in quads.enumerated() { for edge in edges(quad) { facesOfEdge[edge, default: []].append(f) } }
        var chosen = quads.map { quad in quad.count { inside($0.point) } >= 3 }
        for _ in 0..<6 {
            let before = chosen
            for f in quads.indices {
                let neighbours = edges(quads[f]).flatMap { facesOfEdge[$0] ?? [] }.filter { $0 != f }
                let selected = neighbours.count { before[$0] }
                if before[f], neighbours.count >= 3, selected <= 1 { chosen[f] = false }
                if !before[f], selected >= 3 { chosen[f] = true }
            }
            if chosen == before { break }
        }
        return quads.indices.filter { chosen[$0] }.map { quads[$0] }
    }
}
