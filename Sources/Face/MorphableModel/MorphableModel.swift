/// A linear model of heads: `point = mean + Σ identity_k · mode_k + Σ expression_j · shape_j`, in model space (metres,
/// right-handed, +Y up, the face looks along +Z, the person's left is +X, origin between the ears).
/// Blanz and Vetter, "A Morphable Model for the Synthesis of 3D Faces", 1999.
package struct MorphableModel: Sendable {
    /// One of Apple's 52 expression shapes by its `camelCase` name; sparse over points.
    package struct ExpressionShape: Sendable, Equatable {
        package var name: String
        /// Ascending point numbers that move.
        package var points: [UInt32]
        /// Metres at weight 1, one per entry of `points`.
        package var offsets: [SIMD3<Float>]

        package init(name: String, points: [UInt32], offsets: [SIMD3<Float>]) {
            self.name = name
            self.points = points
            self.offsets = offsets
        }
    }

    /// Where one of the tracker's landmarks lies on the surface: a weighted sum of three points.
    package struct LandmarkAnchor: Sendable, Equatable {
        package var points: SIMD3<UInt32>
        /// Barycentric, sum 1.
        package var weights: SIMD3<Float>
        /// Standard deviation of the calibration in metres; infinite where the landmark has no place (never use it).
        package var deviation: Float

        package init(points: SIMD3<UInt32>, weights: SIMD3<Float>, deviation: Float) {
            self.points = points
            self.weights = weights
            self.deviation = deviation
        }

        /// On a head of G points.
        func place(on head: [SIMD3<Float>]) -> SIMD3<Float> {
            (0..<3).reduce(.zero) { $0 + head[Int(points[$1])] * weights[$1] }
        }
    }

    package var topology: Topology
    /// G points in metres.
    package var mean: [SIMD3<Float>]
    /// K × 3G, row by row: mode k moves point g by `identityModes[k * 3G + 3g ..< +3]` metres per standard deviation.
    package var identityModes: [Float]
    package var expressions: [ExpressionShape]
    /// One per tracker landmark (468).
    package var landmarks: [LandmarkAnchor]

    package init(
        topology: Topology, mean: [SIMD3<Float>], identityModes: [Float], expressions: [ExpressionShape],
        landmarks: [LandmarkAnchor]
    ) {
        precondition(mean.count == topology.pointCount && identityModes.count % (3 * max(mean.count, 1)) == 0)
        self.topology = topology
        self.mean = mean
        self.identityModes = identityModes
        self.expressions = expressions
        self.landmarks = landmarks
    }

    /// K: the number of identity modes.
    package var identityCount: Int { identityModes.count / (3 * mean.count) }

    /// The neutral or expressive head: G points in model space, metres.
    /// - Parameters:
    ///   - identity: up to K coefficients in standard deviations; missing ones are 0.
    ///   - expression: up to 52 weights, usually in 0...1, in the order of `expressions`; missing ones are 0.
    package func points(identity: [Double], expression: [Double] = []) -> [SIMD3<Float>] {
        precondition(identity.count <= identityCount && expression.count <= expressions.count)
        var points = mean
        let stride = 3 * mean.count
        for (k, coefficient) in identity.enumerated() where coefficient != 0 {
            let c = Float(coefficient)
            for g in points.indices {
                let at = k * stride + 3 * g
                points[g] += c * SIMD3(identityModes[at], identityModes[at + 1], identityModes[at + 2])
            }
        }
        return expressed(points, expression: expression)
    }

    /// A neutral head with an expression: G points in model space, metres.
    /// - Parameter expression: weights as in `points(identity:expression:)`.
    package func expressed(_ neutral: [SIMD3<Float>], expression: [Double]) -> [SIMD3<Float>] {
        precondition(neutral.count == mean.count && expression.count <= expressions.count)
        var points = neutral
        for (shape, weight) in zip(expressions, expression) where weight != 0 {
            for (point, offset) in zip(shape.points, shape.offsets) { points[Int(point)] += Float(weight) * offset }
        }
        return points
    }
}
