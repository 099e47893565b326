internal import Foundation
package import Tensors

/// Follows one face: detector → region → landmarks → next frame's region, as MediaPipe's face mesh graph does.
///
/// Of several faces the continued one wins, else the largest. Without a region every frame is searched.
package struct FaceTracker {
    private var detector: FaceDetector
    private var mesh: FaceMesh
    private var state = TrackingState()

    package init(directory: String, library: LiteRTLibrary) throws(ModelError) {
        detector = try FaceDetector(directory: directory, library: library)
        mesh = try FaceMesh(directory: directory, library: library)
    }

    package init(directory: String) throws(ModelError) {
        try self.init(directory: directory, library: LiteRTLibrary(directory: directory))
    }

    /// Forgets where the face was: the next frame is searched.
    package mutating func reset() { state.reset() }

    /// The followed face in the next frame, at `time` seconds; a face that was lost is searched for in the same frame.
    package mutating func landmarks(
        of image: YUVImage, time: Double = 0
    ) throws(ModelError) -> Result<FaceLandmarks, Unobserved> {
        var reason = Unobserved.noFace
        if let known = state.region {
            let face = try mesh.landmarks(of: image, in: known)
            if state.update(face, at: time) { return .success(face) }
            reason = .lost
        }
        var found = try detector.detect(image)
        if found.isEmpty, let part = state.nextPart(of: image.width, image.height) {
            found = try detector.detect(image, in: part)
        }
        guard let detection = state.choose(found, at: time) else { return .failure(reason) }
        let face = try mesh.landmarks(of: image, in: detection.region)
        return state.update(face, at: time) ? .success(face) : .failure(reason)
    }

    package mutating func observe(
        _ image: YUVImage, frame: Int, time: Double
    ) throws(ModelError) -> Result<Observation, Unobserved> {
        let before = state
        switch try landmarks(of: image, time: time) {
        case .failure(let reason): return .failure(reason)
        case .success(let face):
            let speed = before.speed(to: face, at: time)
            return .success(Self.observation(face, image: image, frame: frame, time: time, speed: speed))
        }
    }

    static func observation(_ face: FaceLandmarks, image: YUVImage, frame: Int, time: Double, speed: Float?)
        -> Observation
    {
        func middle(_ indices: [Int]) -> SIMD2<Float> {
            indices.reduce(.zero) { $0 + face.points[$1] } / Float(indices.count)
        }
        func distance(_ a: SIMD2<Float>, _ b: SIMD2<Float>) -> Float { ((a - b) * (a - b)).sum().squareRoot() }
        func ratio(_ top: [Int], _ bottom: [Int], _ left: Int, _ right: Int) -> Float {
            distance(middle(top), middle(bottom)) / max(distance(face.points[left], face.points[right]), 1e-3)
        }
        let eyes = distance(middle([33, 133, 159, 145]), middle([362, 263, 386, 374]))
        let angles = HeadAngles.estimate(face)
        let quality = FaceQuality.measure(image, face)
        // Foreshortening makes the eyes look closer together; their distance on the head is what counts as resolution.
        let across = eyes / max(cos(angles.yaw), 0.3)
        return Observation(
            frame: frame, time: time, imageWidth: image.width, imageHeight: image.height, face: face,
            interEyePixels: across, yaw: angles.yaw, pitch: angles.pitch, roll: angles.roll,
            sharpness: quality.sharpness, exposure: quality.exposure, darkShare: quality.darkShare,
            brightShare: quality.brightShare, evenness: quality.evenness, noise: quality.noise,
            motion: speed.map { $0 / max(across, 1) }, leftEyeOpenness: ratio([159, 158], [145, 153], 33, 133),
            rightEyeOpenness: ratio([386, 385], [374, 380], 362, 263),
            mouthOpenness: ratio([13], [14], 78, 308), occlusion: SkinColour.strangeShare(image, face))
    }
}
