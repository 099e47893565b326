extension Topology {
    /// Unit normals of all points: the area-weighted mean over the triangles that meet there, seams ignored.
    /// - Parameter points: G positions in any space (metres); normals come out in the same space.
    package func normals(points: [SIMD3<Float>]) -> [SIMD3<Float>] {
        precondition(points.count == pointCount)
        var sums = [SIMD3<Float>](repeating: .zero, count: pointCount)
        for part in parts {
            for t in stride(from: 0, to: part.triangles.count, by: 3) {
                let a = Int(pointOfVertex[Int(part.triangles[t])])
                let b = Int(pointOfVertex[Int(part.triangles[t + 1])])
                let c = Int(pointOfVertex[Int(part.triangles[t + 2])])
                let n = cross(points[b] - points[a], points[c] - points[a])
                sums[a] += n
                sums[b] += n
                sums[c] += n
            }
        }
        return sums.map { sum in
            let length = (sum * sum).sum().squareRoot()
            return length > 0 ? sum / length : SIMD3(0, 0, 1)
        }
    }
}

package func cross<Scalar: FloatingPoint>(_ a: SIMD3<Scalar>, _ b: SIMD3<Scalar>) -> SIMD3<Scalar> {
    SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
}
