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
    /// Posterior standard deviation of the surface, root mean square over the face's landmarks, millimetres.
    package var deviation: Double
    /// Focal length in pixels shared by all views (the principal point is the picture's middle).
    package var focal: Double
    package var views: [View]

    package init(revision: Int, identity: [Double], deviation: Double, focal: Double, views: [View]) {
        self.revision = revision
        self.identity = identity
        self.deviation = deviation
        self.focal = focal
        self.views = views
    }
}
