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

    /// How much a point counts in the statistics: the face most, the back of the head little, what is inside least;
    /// and by the surface that it stands for, within limits, so that the dense lids, lips and nostrils do not rule.
    func weights(_ mesh: WavefrontMesh) -> [Double] {
        var areas = [Double](repeating: 0, count: points.count)
        for quad in quads.flatMap(\.quads) {
            let p = quad.map { SIMD3<Double>(mesh.points[points[$0.point]]) }
            let n = cross(p[2] - p[0], p[3] - p[1])
            for corner in quad { areas[corner.point] += (n * n).sum().squareRoot() / 8 }
        }
        let typical = areas.sorted()[areas.count / 2]
        let skin = Set(quads.first { $0.material == .skin }?.quads.flatMap { $0.map(\.point) } ?? [])
        return points.indices.map { i in
            let p = mesh.points[points[i]]
            guard skin.contains(i) else { return 0.02 }
            return (p.z > 0.75 && p.y > 6.25 ? 1 : 0.1) * min(max(areas[i] / typical, 0.3), 3)
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

    /// The two eyeballs, each as it is in `rest`.
    func eyeballs(_ rest: [SIMD3<Double>]) -> [Eyeball] {
        let eyes = Set(quads.first { $0.material == .eyes }?.quads.flatMap { $0.map(\.point) } ?? []).sorted()
        return [eyes.filter { rest[$0].x > 0 }, eyes.filter { rest[$0].x <= 0 }].map { Eyeball(points: $0, rest: rest) }
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
        // Mouth and eye sockets are closed bags: the neck is the skin's only border.
        let edge = Set(sides.filter { $0.value == 1 }.flatMap { [$0.key.x, $0.key.y] }).sorted()
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
        let head = try Self.above(Self.nape, body, mesh.points)
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

    /// The quads above the closed ring of edges that runs around the neck through a point of its nape.
    private static func above(
        _ nape: Int, _ quads: [[WavefrontMesh.Corner]], _ points: [SIMD3<Float>]
    ) throws(HeadDataError) -> [[WavefrontMesh.Corner]] {
        var facesOfEdge: [SIMD2<Int>: [Int]] = [:]
        var neighbours: [Int: Set<Int>] = [:]
        func edge(_ a: Int, _ b: Int) -> SIMD2<Int> { SIMD2(min(a, b), max(a, b)) }
        for (f, quad) in quads.enumerated() {
            for i in 0..<4 {
                let (a, b) = (quad[i].point, quad[(i + 1) % 4].point)
                facesOfEdge[edge(a, b), default: []].append(f)
                neighbours[a, default: []].insert(b)
                neighbours[b, default: []].insert(a)
            }
        }
        // Sideways from the nape, then always straight on: to the one neighbour that shares no quad with the last edge.
        let damaged = HeadDataError(file: "base.obj", reason: "no ring of edges runs around the neck")
        guard let start = neighbours[nape]?.max(by: { points[$0].x < points[$1].x }) else { throw damaged }
        var ring = [nape, start]
        while ring[ring.count - 1] != nape {
            let (last, here) = (ring[ring.count - 2], ring[ring.count - 1])
            let beside = Set((facesOfEdge[edge(last, here)] ?? []).flatMap { quads[$0].map(\.point) })
            let ahead = (neighbours[here] ?? []).subtracting(beside)
            guard ahead.count == 1, let next = ahead.first, ring.count < 200 else { throw damaged }
            ring.append(next)
        }
        let border = Set(zip(ring, ring.dropFirst()).map { edge($0, $1) })
        let crown = quads.indices.max { points[quads[$0][0].point].y < points[quads[$1][0].point].y }!
        var chosen: Set<Int> = [crown]
        var open = [crown]
        while let f = open.popLast() {
            for i in 0..<4 {
                let side = edge(quads[f][i].point, quads[f][(i + 1) % 4].point)
                guard !border.contains(side) else { continue }
                for other in facesOfEdge[side] ?? [] where chosen.insert(other).inserted { open.append(other) }
            }
        }
        guard chosen.count < quads.count else { throw damaged }
        return quads.indices.filter(chosen.contains).map { quads[$0] }
    }
}
