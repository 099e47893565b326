package import Face
internal import Foundation
package import Tensors
package import Tracking

extension IrisEstimator {
    /// The person's own left and right eye; the person's left is on the picture's right.
    package mutating func sights(
        of image: YUVImage, _ face: FaceLandmarks
    ) throws(ModelError) -> (left: EyeFollower.Sight, right: EyeFollower.Sight) {
        let found = try eyes(of: image, face)
        func sight(_ eye: IrisLandmarks) -> EyeFollower.Sight {
            .init(iris: SIMD2<Double>(eye.iris[0]), openness: Double(eye.openness))
        }
        return (sight(found.right), sight(found.left))
    }
}
