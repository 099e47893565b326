internal import Foundation
internal import Tensors

/// How the smooth albedo of faces varies: mean and principal components of log albedo, point by point, less each face's own
/// level. What of a face was not seen (a mouth behind a hand, a cheek behind hair) is told from what was, as the colours of
/// a morphable model are (Blanz and Vetter, "A Morphable Model for the Synthesis of 3D Faces", SIGGRAPH 1999), with the
/// probabilistic fit of Blanz, Mehl, Vetter and Seidel, "A Statistical Method for Robust 3D Surface Reconstruction from
/// Sparse Data", 3DPVT 2004.
package struct AlbedoModel: Sendable, Equatable {
    /// G: log albedo less the level; 0 where nothing is known.
    package let mean: [SIMD4<Float>]
    /// K × G: per standard deviation, most important first.
    package let modes: [[SIMD4<Float>]]
    /// G, 0...1: how far the model speaks of a point; 0 on scalp, insides, and where few faces showed anything.
    package let known: [Float]
    /// Of what the modes leave of the faces they were made from, per point and channel: mean square.
    package let remainder: Float

    package init(mean: [SIMD4<Float>], modes: [[SIMD4<Float>]], known: [Float], remainder: Float) {
        precondition(
            mean.count == known.count && modes.allSatisfy { $0.count == mean.count },
            "\(mean.count) means, \(known.count) weights, modes of \(modes.map(\.count))")
        (self.mean, self.modes, self.known, self.remainder) = (mean, modes, known, remainder)
    }

    package var pointCount: Int { mean.count }

    /// Points whose remainders are one observation: neighbours are wrong together.
    private static let together: Float = 60

    /// The most likely log albedo of all points; where `known` is 0, the face's level.
    /// - Returns: G, natural log of linear colours; `nil` where too little that the model knows was seen.
    package func colours(of face: PointColours) -> [SIMD4<Float>]? {
        // About the level of each channel nothing is known.
        var fit = Fit(modes: modes.count, levels: 3, precision: precision)
        for g in points(of: face) {
            let apart = face.values[g] - mean[g]
            for c in 0..<3 {
                fit.add(modes.map { $0[g][c] }, level: c, value: apart[c], weight: known[g] * face.seen[g])
            }
        }
        guard fit.observations >= 300, let (shares, levels) = fit.solution else { return nil }
        return colours(shares, level: SIMD4(levels[0], levels[1], levels[2], 0))
    }

    /// The same of a face of which no colours are known, only the luminance.
    /// - Parameter skin: log albedo of plain skin.
    package func colours(ofGrey face: PointColours, skin: SIMD4<Float>, regions: HeadRegions) -> [SIMD4<Float>]? {
        // Linear about that of plain skin.
        let light = SIMD4<Float>(0.2126 * exp(skin.x), 0.7152 * exp(skin.y), 0.0722 * exp(skin.z), 0)
        let luma = light / light.sum3
        var fit = Fit(modes: modes.count, levels: 1, precision: precision)
        for g in points(of: face) {
            let apart = ((face.values[g] - mean[g]) * luma).sum3
            fit.add(modes.map { ($0[g] * luma).sum3 }, level: 0, value: apart, weight: known[g] * face.seen[g])
        }
        guard fit.observations >= 100, let (shares, _) = fit.solution else { return nil }
        let told = colours(shares, level: .zero)
        var (sum, count) = (SIMD4<Float>.zero, Float(0))
        for g in told.indices where known[g] > 0.9 && regions.feature[g] < 0.1 {
            sum += told[g]
            count += 1
        }
        guard count > 0 else { return nil }
        let level = skin - sum / count
        return told.map { $0 + level }
    }

    private func points(of face: PointColours) -> [Int] {
        precondition(face.values.count == pointCount, "colours of \(face.values.count) points, model of \(pointCount)")
        return known.indices.filter { known[$0] * face.seen[$0] > 0.05 }
    }

    private var precision: Double { 1 / Double(max(remainder, 1e-5) * Self.together) }

    private func colours(_ shares: [Float], level: SIMD4<Float>) -> [SIMD4<Float>] {
        var result = mean.map { $0 + level }
        for (k, mode) in modes.enumerated() {
            for g in result.indices { result[g] += shares[k] * mode[g] }
        }
        return result
    }

    /// Least squares for one share per mode, standard deviation 1, and some levels.
    private struct Fit {
        private let modes: Int
        private let precision: Double
        private var information: [Double]
        private var gradient: [Double]
        private(set) var observations = 0

        init(modes: Int, levels: Int, precision: Double) {
            (self.modes, self.precision) = (modes, precision)
            gradient = [Double](repeating: 0, count: modes + levels)
            information = [Double](repeating: 0, count: gradient.count * gradient.count)
        }

        mutating func add(_ row: [Float], level: Int, value: Float, weight: Float) {
            observations += 1
            let (side, last) = (gradient.count, modes + level)
            for k in 0..<modes {
                let share = Double(weight * row[k])
                gradient[k] += share * Double(value)
                for j in 0...k { information[k * side + j] += share * Double(row[j]) }
                information[last * side + k] += share
            }
            gradient[last] += Double(weight * value)
            information[last * side + last] += Double(weight)
        }

        var solution: (shares: [Float], levels: [Float])? {
            let side = gradient.count
            var matrix = Matrix(rows: side, columns: side)
            for k in 0..<side {
                for j in 0...k {
                    matrix[k, j] = precision * information[k * side + j]
                    matrix[j, k] = matrix[k, j]
                }
                if k < modes { matrix[k, k] += 1 }
            }
            guard let found = matrix.choleskySolve(gradient.map { precision * $0 }) else { return nil }
            let values = found.map { Float($0) }
            return (Array(values[..<modes]), Array(values[modes...]))
        }
    }
}

extension SIMD4 where Scalar == Float {
    @inline(__always)
    fileprivate var sum3: Float { x + y + z }
}

extension AlbedoModel {
    /// Faces that have to show a point before the model speaks of it, and before it does so with all its weight.
    private static let fewest: Float = 0.5
    private static let enough: Float = 0.8

    /// Of many faces, each beside its mirror image: left and right are alike but for light and chance.
    /// - Parameter most: modes at most; fewer than faces are there anyway.
    /// - Returns: `nil` of fewer than three faces.
    package init?(faces: [PointColours], atlas: TextureAtlas, modes most: Int = 16) {
        guard faces.count > 2 else { return nil }
        let mirror = atlas.model.topology.mirrorOfPoint
        let count = mirror.count
        let even = faces.map { face in
            let seen = (0..<count).map { max(face.seen[$0], face.seen[Int(mirror[$0])]) }
            let values = (0..<count).map { g -> SIMD4<Float> in
                let (own, other) = (face.seen[g], face.seen[Int(mirror[g])])
                guard own + other > 0 else { return .zero }
                return (face.values[g] * own + face.values[Int(mirror[g])] * other) / (own + other)
            }
            return PointColours(values: values, seen: seen)
        }
        let known = (0..<count).map { g -> Float in
            guard atlas.regions.interior[g] == .none else { return 0 }
            let share = even.reduce(Float(0)) { $0 + ($1.seen[g] > 0.5 ? 1 : 0) } / Float(faces.count)
            let skin = min(max(1.5 - 3 * atlas.regions.scalp[g], 0), 1)
            return skin * min(max((share - Self.fewest) / (Self.enough - Self.fewest), 0), 1)
        }
        let points = known.indices.filter { known[$0] > 0 }
        guard points.count > 3 else { return nil }
        // Levels and means in turn, since no face shows all points.
        var levels = [SIMD4<Float>](repeating: .zero, count: faces.count)
        var mean = [SIMD4<Float>](repeating: .zero, count: count)
        for _ in 0..<8 {
            for (f, face) in even.enumerated() {
                var (sum, total) = (SIMD4<Float>.zero, Float(0))
                for g in points {
                    let weight = known[g] * face.seen[g]
                    sum += (face.values[g] - mean[g]) * weight
                    total += weight
                }
                levels[f] = total > 0 ? sum / total : .zero
            }
            for g in points {
                var (sum, total) = (SIMD4<Float>.zero, Float(0))
                for (f, face) in even.enumerated() {
                    sum += (face.values[g] - levels[f]) * face.seen[g]
                    total += face.seen[g]
                }
                mean[g] = total > 0 ? sum / total : .zero
            }
        }
        guard
            let (modes, remainder) = Self.components(
                of: even, levels: levels, mean: mean, points: points, weights: known, most: most)
        else { return nil }
        self.init(mean: mean, modes: modes, known: known, remainder: remainder)
    }

    /// Principal components; what a face does not show is what the components so far say of it (Roweis, "EM algorithms for
    /// PCA and SPCA", NIPS 1997).
    private static func components(
        of faces: [PointColours], levels: [SIMD4<Float>], mean: [SIMD4<Float>], points: [Int], weights: [Float],
        most: Int
    ) -> (modes: [[SIMD4<Float>]], remainder: Float)? {
        let (count, width) = (min(most, faces.count - 2), 3 * points.count)
        var data = Matrix(rows: faces.count, columns: width)
        func departure(_ f: Int, _ g: Int) -> SIMD4<Float> { faces[f].values[g] - levels[f] - mean[g] }
        var (axes, shares) = (Matrix(rows: 0, columns: width), Matrix(rows: faces.count, columns: 0))
        for _ in 0..<6 {
            let told = axes.rows > 0 ? shares.times(axes) : Matrix(rows: faces.count, columns: width)
            for f in faces.indices {
                for (i, g) in points.enumerated() {
                    let (seen, own, root) = (faces[f].seen[g], departure(f, g), weights[g].squareRoot())
                    for c in 0..<3 {
                        let guess = told[f, 3 * i + c]
                        data[f, 3 * i + c] = guess + Double(seen) * (Double(own[c] * root) - guess)
                    }
                }
            }
            guard let (_, vectors) = data.times(data, otherTransposed: true).symmetricEigen() else { return nil }
            // Ascending: the last are the strongest.
            var strongest = Matrix(rows: faces.count, columns: count)
            for f in faces.indices {
                for k in 0..<count { strongest[f, k] = vectors[f, faces.count - 1 - k] }
            }
            axes = strongest.times(data, transposed: true)
            shares = strongest
        }
        let told = shares.times(axes)
        var (squares, total) = (0.0, 0.0)
        for f in faces.indices {
            for (i, g) in points.enumerated() {
                let seen = Double(faces[f].seen[g])
                for c in 0..<3 {
                    let left = data[f, 3 * i + c] - told[f, 3 * i + c]
                    squares += seen * left * left
                    total += seen * Double(weights[g])
                }
            }
        }
        let scale = 1 / Double(faces.count).squareRoot()
        let modes = (0..<count).map { k -> [SIMD4<Float>] in
            var mode = [SIMD4<Float>](repeating: .zero, count: weights.count)
            for (i, g) in points.enumerated() {
                let root = Double(weights[g]).squareRoot()
                for c in 0..<3 { mode[g][c] = Float(axes[k, 3 * i + c] * scale / root) }
            }
            return mode
        }
        return (modes, Float(squares / max(total, 1)))
    }
}
