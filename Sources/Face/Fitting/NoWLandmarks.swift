/// The seven landmarks of the NoW protocol (Sanyal et al. 2019): outer and inner corner of the person's right eye, inner
/// and outer corner of the left, nose bottom, right and left corner of the mouth.
package enum NoWLandmarks {
    /// The tracker's numbers for them.
    static let numbers = [33, 133, 362, 263, 2, 61, 291]

    /// Seven places on a head, in the space of `points`.
    package static func places(model: MorphableModel, points: [SIMD3<Float>]) -> [SIMD3<Float>] {
        numbers.map { model.landmarks[$0].place(on: points) }
    }
}
