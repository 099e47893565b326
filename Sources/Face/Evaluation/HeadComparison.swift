internal import Foundation
internal import Tensors

/// How far a predicted head lies from a scanned one, by the NoW protocol: seven landmarks put the prediction in place,
/// then the rigid motion (and the size, where it is left free) of least squared distance from the scan's points to the
/// predicted surface; then the statistics of these distances.
package struct HeadComparison: Sendable {
    package struct Distances: Sendable {
        /// Millimetres.
        package var median: Double
        package var mean: Double
        package var rootMeanSquare: Double
        /// Medians.
        package var regions: [HeadScan.Region: Double]
        /// Millimetres, one per point of the scan.
        package var all: [Double]
        /// What the prediction must be multiplied by; 1 where the size is not free.
        package var size: Double
    }

    package let free: Distances
    package let metric: Distances
    /// Per point of the scan: where it fell on the prediction with the size free.
    package let places: [TriangleSurface.Place]

    /// - Parameters:
    ///   - surface: the prediction, metres.
    ///   - landmarks7: on the prediction, NoW's order.
    package init(_ surface: TriangleSurface, landmarks7: [SIMD3<Double>], with scan: HeadScan) {
        let free = Self.fitted(scan, to: surface, landmarks7, sized: true)
        let metric = Self.fitted(scan, to: surface, landmarks7, sized: false)
        self.free = free.distances
        self.metric = metric.distances
        places = free.places
    }

    /// The scan is moved onto the prediction, which stays.
    private static func fitted(
        _ scan: HeadScan, to surface: TriangleSurface, _ landmarks7: [SIMD3<Double>], sized: Bool
    ) -> (distances: Distances, places: [TriangleSurface.Place]) {
        func spread(_ p: [SIMD3<Double>]) -> Double {
            let middle = p.reduce(.zero, +) / Double(p.count)
            return p.reduce(0) { $0 + (($1 - middle) * ($1 - middle)).sum() }.squareRoot()
        }
        var size = sized ? spread(landmarks7) / spread(scan.landmarks7) : 1
        let all = (scan.points + scan.landmarks7).map { $0 * size }
        var points = IdentityStatistics.align(
            all, to: [SIMD3<Double>](repeating: .zero, count: scan.points.count) + landmarks7,
            weights: [Double](repeating: 0, count: scan.points.count) + landmarks7.map { _ in 1 })
        points.removeLast(landmarks7.count)
        var places: [TriangleSurface.Place] = []
        for _ in 0..<60 {
            places = Self.nearest(points, surface)
            // Gauss–Newton on the distances; their derivative is the unit vector away from the nearest place.
            let middle = points.reduce(.zero, +) / Double(points.count)
            var rows = Matrix(rows: points.count, columns: 8)
            for (i, (p, place)) in zip(points, places).enumerated() {
                let gap = p - SIMD3<Double>(place.position)
                let distance = (gap * gap).sum().squareRoot()
                let normal = gap / max(distance, 1e-9)
                let arm = p - middle
                let spin = cross(arm, normal)
                let row = [
                    spin.x, spin.y, spin.z, normal.x, normal.y, normal.z, sized ? (arm * normal).sum() : 0, distance,
                ]
                for (c, value) in row.enumerated() { rows[i, c] = value }
            }
            let gram = rows.gram()
            var normal = gram.block(rows: 0..<7, columns: 0..<7)
            if !sized { normal[6, 6] = 1 }
            guard let step = normal.choleskySolve((0..<7).map { -gram[$0, 7] }) else { break }
            let turn = Rotation(vector: SIMD3(step[0], step[1], step[2]))
            let shift = SIMD3(step[3], step[4], step[5])
            points = points.map { turn.apply(($0 - middle) * exp(step[6])) + middle + shift }
            size *= exp(step[6])
            let move = step[0..<3].map { abs($0) * 0.1 } + step[3..<6].map { abs($0) } + [abs(step[6]) * 0.1]
            if move.max()! < 2e-7 { break }
        }
        places = Self.nearest(points, surface)
        // Back in the scan's own size.
        let distances = zip(points, places).map { p, place -> Double in
            let gap = p - SIMD3<Double>(place.position)
            return (gap * gap).sum().squareRoot() / size * 1000
        }
        return (statistics(distances, scan, size: 1 / size), places)
    }

    private static func nearest(_ points: [SIMD3<Double>], _ surface: TriangleSurface) -> [TriangleSurface.Place] {
        let parts = stride(from: 0, to: points.count, by: 500).map { $0..<min($0 + 500, points.count) }
        return parts.mapConcurrently { part in part.map { surface.nearest(to: SIMD3<Float>(points[$0])) } }.flatMap {
            $0
        }
    }

    private static func statistics(_ distances: [Double], _ scan: HeadScan, size: Double) -> Distances {
        func median(_ values: [Double]) -> Double { values.isEmpty ? .nan : values.sorted()[values.count / 2] }
        var regions: [HeadScan.Region: Double] = [:]
        for region in HeadScan.Region.allCases {
            regions[region] = median(distances.indices.filter { scan.regions[$0] == region }.map { distances[$0] })
        }
        let count = Double(max(distances.count, 1))
        return Distances(
            median: median(distances), mean: distances.reduce(0, +) / count,
            rootMeanSquare: (distances.reduce(0) { $0 + $1 * $1 } / count).squareRoot(), regions: regions,
            all: distances, size: size)
    }
}
