/// Moves projected points onto where the tracker saw them: the fit's own landmark residual, spread over the surface.
/// Without it a lid that is one pixel off would be painted with eyeball.
struct LandmarkWarp: Sendable {
    /// Landmarks with a place on the surface.
    private let landmarks: [(number: Int, anchor: MorphableModel.LandmarkAnchor)]
    /// G × neighbours: index into `landmarks` and its kernel value.
    private let indices: [UInt16]
    private let kernels: [Float]
    private static let neighbours = 6

    init(model: MorphableModel) {
        let landmarks = model.landmarks.enumerated().filter { $0.element.deviation.isFinite }
            .map { (number: $0.offset, anchor: $0.element) }
        self.landmarks = landmarks
        guard landmarks.count >= Self.neighbours else {
            indices = []
            kernels = []
            return
        }
        let places = landmarks.map { $0.anchor.place(on: model.mean) }
        // Each landmark reaches about as far as its neighbours are: 3 mm at the lids, centimetres on the cheeks.
        let reach = places.map { p in
            let distances = places.map { ((p - $0) * (p - $0)).sum() }.sorted()
            return min(max(distances[4].squareRoot(), 0.003), 0.025)
        }
        var indices: [UInt16] = []
        var kernels: [Float] = []
        var nearest: [(Float, Int)] = []
        for p in model.mean {
            nearest.removeAll(keepingCapacity: true)
            for (i, q) in places.enumerated() {
                let d = ((p - q) * (p - q)).sum() / (reach[i] * reach[i])
                if nearest.count < Self.neighbours {
                    nearest.append((d, i))
                    nearest.sort { $0.0 < $1.0 }
                } else if d < nearest[Self.neighbours - 1].0 {
                    nearest[Self.neighbours - 1] = (d, i)
                    nearest.sort { $0.0 < $1.0 }
                }
            }
            for (d, i) in nearest {
                indices.append(UInt16(i))
                kernels.append(1 / (1 + d * d))
            }
        }
        self.indices = indices
        self.kernels = kernels
    }

    /// Image-space offsets (pixels) of all G points that bring the projected anchors onto the observed landmarks,
    /// fading to nothing away from the face.
    /// - Parameters:
    ///   - observed: 468 landmarks, pixels.
    ///   - projected: G projected points in the same space as `observed`.
    ///   - facing: G cosines between normal and view; anchors that face away slide and are not trusted.
    ///   - limit: longest offset, pixels.
    func offsets(
        observed: [SIMD2<Float>], projected: [SIMD2<Float>], facing: [Float], limit: Float
    ) -> [SIMD2<Float>] {
        var result = [SIMD2<Float>](repeating: .zero, count: projected.count)
        guard !indices.isEmpty else { return result }
        var residuals: [SIMD3<Float>] = landmarks.map { number, anchor in
            guard number < observed.count else { return .zero }
            var place = SIMD2<Float>.zero
            var cosine: Float = 0
            for c in 0..<3 {
                place += projected[Int(anchor.points[c])] * anchor.weights[c]
                cosine += facing[Int(anchor.points[c])] * anchor.weights[c]
            }
            let trust = min(max((cosine - 0.2) / 0.3, 0), 1)
            let d = observed[number] - place
            return SIMD3(d.x, d.y, trust)
        }
        for i in residuals.indices {
            let length = (residuals[i].x * residuals[i].x + residuals[i].y * residuals[i].y).squareRoot()
            if length > limit {
                residuals[i].x *= limit / length
                residuals[i].y *= limit / length
            }
        }
        for g in result.indices {
            var sum = SIMD2<Float>.zero
            var total: Float = 0.05
            for k in g * Self.neighbours..<(g + 1) * Self.neighbours {
                let r = residuals[Int(indices[k])]
                let w = kernels[k] * r.z
                sum += SIMD2(r.x, r.y) * w
                total += w
            }
            result[g] = sum / total
        }
        return result
    }
}
