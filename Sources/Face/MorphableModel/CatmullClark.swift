/// One step of Catmull–Clark subdivision (Catmull and Clark, 1978) of a quad mesh with boundaries, kept as the linear
/// operator that it is: applied to a mean, to targets and to expressions it gives the same as to their sum.
package struct CatmullClark: Sendable {
    /// New points as weighted sums of old ones: entries `start[i] ..< start[i + 1]`.
    package private(set) var start: [Int] = [0]
    package private(set) var sources: [Int32] = []
    package private(set) var weights: [Float] = []
    /// New quads: point and texture coordinate numbers, four each, in four times the order of the old quads.
    package private(set) var quads: [[WavefrontMesh.Corner]] = []
    /// New texture coordinates (linear: islands keep their outline).
    package private(set) var coordinates: [SIMD2<Float>]
    /// The old points that a new one stands for: one (itself), two (its edge) or four (its face); ascending.
    package private(set) var origins: [[Int]] = []

    package var pointCount: Int { start.count - 1 }

    package init(pointCount: Int, quads old: [[WavefrontMesh.Corner]], coordinates: [SIMD2<Float>]) {
        self.coordinates = coordinates
        var facesOfEdge: [Edge: [Int]] = [:]
        var facesOfPoint = [[Int]](repeating: [], count: pointCount)
        var edgesOfPoint = [Set<Edge>](repeating: [], count: pointCount)
        for (f, quad) in old.enumerated() {
            for i in 0..<4 {
                let edge = Edge(quad[i].point, quad[(i + 1) % 4].point)
                facesOfEdge[edge, default: []].append(f)
                facesOfPoint[quad[i].point].append(f)
                edgesOfPoint[edge.low].insert(edge)
                edgesOfPoint[edge.high].insert(edge)
            }
        }
        for p in 0..<pointCount {
            append(Self.vertexRule(p, old, facesOfEdge, facesOfPoint[p], edgesOfPoint[p]), origin: [p])
        }
        let edges = facesOfEdge.keys.sorted { ($0.low, $0.high) < ($1.low, $1.high) }
        var pointOfEdge: [Edge: Int] = [:]
        for edge in edges {
            pointOfEdge[edge] = self.pointCount
            var rule: [Int: Float] = [edge.low: 0.5, edge.high: 0.5]
            if let faces = facesOfEdge[edge], faces.count == 2 {
                rule = [edge.low: 0.25, edge.high: 0.25]
                for f in faces { for corner in old[f] { rule[corner.point, default: 0] += 1.0 / 16 } }
            }
            append(rule, origin: [edge.low, edge.high])
        }
        let firstFace = self.pointCount
        for quad in old {
            append(
                Dictionary(quad.map { ($0.point, Float(0.25)) }, uniquingKeysWith: +),
                origin: quad.map(\.point).sorted())
        }
        split(old, pointOfEdge: pointOfEdge, firstFace: firstFace)
    }

    /// Old values (one per old point) → new values.
    package func apply(_ values: [SIMD3<Float>]) -> [SIMD3<Float>] {
        (0..<pointCount).map { i in
            var sum = SIMD3<Float>.zero
            for k in start[i]..<start[i + 1] { sum += weights[k] * values[Int(sources[k])] }
            return sum
        }
    }

    private struct Edge: Hashable {
        let low: Int
        let high: Int
        init(_ a: Int, _ b: Int) { (low, high) = a < b ? (a, b) : (b, a) }
    }

    private mutating func append(_ rule: [Int: Float], origin: [Int]) {
        for (source, weight) in rule.sorted(by: { $0.key < $1.key }) {
            sources.append(Int32(source))
            weights.append(weight)
        }
        start.append(sources.count)
        origins.append(origin)
    }

    private static func vertexRule(
        _ p: Int, _ quads: [[WavefrontMesh.Corner]], _ facesOfEdge: [Edge: [Int]], _ faces: [Int], _ edges: Set<Edge>
    ) -> [Int: Float] {
        let boundary = edges.filter { facesOfEdge[$0]?.count != 2 }
        guard boundary.isEmpty else {
            // A corner of two borders stays; a border follows the cubic B-spline.
            guard boundary.count == 2 else { return [p: 1] }
            var rule: [Int: Float] = [p: 0.75]
            for edge in boundary { rule[edge.low == p ? edge.high : edge.low, default: 0] += 0.125 }
            return rule
        }
        let n = Float(faces.count)
        guard n > 0 else { return [p: 1] }
        var rule: [Int: Float] = [p: (n - 3) / n]
        for f in faces { for corner in quads[f] { rule[corner.point, default: 0] += 0.25 / (n * n) } }
        for edge in edges {
            rule[edge.low, default: 0] += 1 / (n * n)
            rule[edge.high, default: 0] += 1 / (n * n)
        }
        return rule
    }

    private mutating func split(_ old: [[WavefrontMesh.Corner]], pointOfEdge: [Edge: Int], firstFace: Int) {
        var middleOfCoordinates: [Edge: Int] = [:]
        for (f, quad) in old.enumerated() {
            let centre = WavefrontMesh.Corner(point: firstFace + f, coordinate: coordinates.count)
            coordinates.append(quad.reduce(.zero) { $0 + coordinates[$1.coordinate] } / 4)
            let middles = (0..<4).map { i -> WavefrontMesh.Corner in
                let (a, b) = (quad[i], quad[(i + 1) % 4])
                let pair = Edge(a.coordinate, b.coordinate)
                let number: Int
                if let known = middleOfCoordinates[pair] {
                    number = known
                } else {
                    number = coordinates.count
                    middleOfCoordinates[pair] = number
                    coordinates.append((coordinates[a.coordinate] + coordinates[b.coordinate]) / 2)
                }
                return WavefrontMesh.Corner(point: pointOfEdge[Edge(a.point, b.point)]!, coordinate: number)
            }
            for i in 0..<4 { quads.append([quad[i], middles[i], centre, middles[(i + 3) % 4]]) }
        }
    }
}
