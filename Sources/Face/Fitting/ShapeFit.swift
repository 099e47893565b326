internal import Foundation

/// The estimate of a person's head at one revision.
package struct ShapeFit: Sendable {
    /// What one keyframe looked like to the fit.
    package struct View: Sendable {
        /// `Keyframe.frame` of the keyframe.
        package var frame: Int
        package var pose: Pose
        /// 52 weights in the order of the model's expressions.
        package var expression: [Double]
        /// Landmark reprojection, root mean square over the used landmarks, pixels.
        package var residual: Double

        package init(frame: Int, pose: Pose, expression: [Double], residual: Double) {
            self.frame = frame
            self.pose = pose
            self.expression = expression
            self.residual = residual
        }
    }

    /// Counts up with every new estimate.
    package var revision: Int
    /// K coefficients in standard deviations.
    package var identity: [Double]
    package var deviation: ShapeDeviation
    /// Focal length in pixels shared by all views (the principal point is the picture's middle).
    package var focal: Double
    package var views: [View]

    package init(
        revision: Int, identity: [Double], deviation: ShapeDeviation, focal: Double, views: [View]
    ) {
        self.revision = revision
        self.identity = identity
        self.deviation = deviation
        self.focal = focal
        self.views = views
    }
}

extension ShapeFit {
    /// How well the fitted head explains what the tracker saw: landmark reprojection, root mean square over all landmarks
    /// of the neutral near-frontal views, as a share of the distance between the eyes. `nil` where no view is one.
    ///
    /// Near-frontal: within 15° of yaw and pitch; neutral: no expression weight above ½.
    package func reprojection(_ keyframes: [Keyframe]) -> Double? {
        var sum = 0.0
        var count = 0.0
        for view in views {
            let angles = view.pose.angles
            guard max(abs(angles.yaw), abs(angles.pitch)) <= 15 * Double.pi / 180,
                view.expression.allSatisfy({ $0 <= 0.5 }),
                let keyframe = keyframes.first(where: { $0.frame == view.frame }), keyframe.landmarks.count >= 468
            else { continue }
            let share = view.residual / keyframe.interEyePixels
            sum += share * share
            count += 1
        }
        return count > 0 ? (sum / count).squareRoot() : nil
    }
}
