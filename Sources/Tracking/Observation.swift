/// One face in one frame, with what selection wants to know of it.
package struct Observation: Sendable {
    /// Number of the frame in its source, and seconds since its first.
    package var frame: Int
    package var time: Double
    package var imageWidth: Int
    package var imageHeight: Int
    package var face: FaceLandmarks
    /// Between the pupils' estimates (mean of each eye's contour), pixels.
    package var interEyePixels: Float
    /// Head angles in radians; positive yaw turns to the person's left (right of an unmirrored picture), positive
    /// pitch looks up, positive roll tilts anticlockwise in the picture.
    package var yaw: Float
    package var pitch: Float
    package var roll: Float
    /// Fine over coarse detail of the face at a fixed size, see `FaceQuality`; comparable over frames of a source.
    package var sharpness: Float
    /// Mean luma of the face, 0...1, and the shares of it that are nearly black and nearly white.
    package var exposure: Float
    package var darkShare: Float
    package var brightShare: Float
    /// 0...1: how alike the light on the face's two halves is; 1 is light from the front.
    package var evenness: Float
    /// Standard deviation of the noise on the face's copy of fixed size, luma 0...1.
    package var noise: Float
    /// Speed of the landmarks in distances between the eyes per second, which the exposure time turns into motion blur;
    /// `nil` in the first frame of a face.
    package var motion: Float?
    /// Openness of the eyes (lid distance over width, open is about 0.3) on the image's left and right.
    package var leftEyeOpenness: Float
    package var rightEyeOpenness: Float
    /// Lip distance over mouth width; closed is about 0.
    package var mouthOpenness: Float
    /// 0...1: how unlike skin the brightest-lit parts of the face are (hands, hair, a cup); a hint, no measurement.
    package var occlusion: Float
}

/// Why a frame has no observation.
package enum Unobserved: Error, Sendable, Equatable {
    /// Nothing is followed, and the detector or the landmark network saw no face.
    case noFace
    /// The face that was followed until the last frame is gone.
    case lost
}
