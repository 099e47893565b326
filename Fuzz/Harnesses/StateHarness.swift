internal import Face
internal import Pipeline
internal import Tensors

extension Harness {
    /// Files of the state directory: a checkpoint's small part, a keyframe, a synthesis.
    static let state = Harness(
        "state", words: ["LIKESTAT", "LIKEKEYF", "LIKESYNT"], seeds: { stateSeeds },
        read: { bytes in
            for file in [bytes, resealed(bytes)] {
                if let index = try? CheckpointIndex(bytes: file) {
                    again(index.encoded()) { try CheckpointIndex(bytes: $0).encoded() }
                    for person in index.people { _ = KeyframeSelector(state: person.selection) }
                }
                if let keyframe = try? KeyframeFile.keyframe(bytes: file) {
                    again(KeyframeFile.encoded(keyframe)) { KeyframeFile.encoded(try KeyframeFile.keyframe(bytes: $0)) }
                    _ = keyframe.shrunk(by: 3)
                    if keyframe.landmarks.count >= 468 { _ = keyframe.interEyePixels }
                }
                if let state = try? SynthesisFile.state(bytes: file) {
                    again(SynthesisFile.encoded(state)) { SynthesisFile.encoded(try SynthesisFile.state(bytes: $0)) }
                }
            }
        })

    /// The same contents under a right digest: whoever writes a file can write that too, and a fuzzer would not find it.
    static func resealed(_ bytes: [UInt8]) -> [UInt8] {
        SealedFile.sealed(LittleEndianWriter(Array(bytes.dropLast(32))))
    }

    /// What was read and written again is read as the same.
    static func again(_ written: [UInt8], _ readAndWrite: ([UInt8]) throws -> [UInt8]) {
        guard let second = try? readAndWrite(written) else { preconditionFailure("what was written is not read") }
        precondition(second == written, "what was written is read as something else")
    }

    private static var stateSeeds: [(name: String, bytes: [UInt8])] {
        var selection = KeyframeSelector().state
        for frame in [3, 9] {
            selection.bins[frame % selection.bins.count].append(.init(frame: frame, time: 0.1, score: 0.75))
        }
        let view = ShapeFit.View(
            frame: 3, pose: Pose(yaw: 0.1, pitch: -0.2, roll: 0.05, translation: [0.01, 0.02, 0.6]),
            expression: [0.25, 0.5], residual: 1.5)
        let fit = ShapeFit(
            revision: 7, identity: [0.5, -1],
            deviation: ShapeDeviation(
                surface: 1.25, size: .infinity, coefficients: [0.5], points: [1, 2], atPoints: [0.1, 0.2]),
            focal: 912.5, views: [view])
        var person = CheckpointIndex.Entry(selection: selection, fit: fit, isDense: true)
        person.keyframes = [(3, String(repeating: "0a", count: 16)), (9, String(repeating: "f1", count: 16))]
        person.synthesis = (String(repeating: "77", count: 16), 0.625)
        let index = CheckpointIndex(
            head: "abc", source: "rtsp://camera/1", streamSeconds: 12.5, nextFrame: 380,
            people: [person, CheckpointIndex.Entry(selection: KeyframeSelector().state)])
        let keyframe = Keyframe(
            frame: 3, time: 0.1, imageWidth: 64, imageHeight: 48, landmarks: [[1, 2], [3, 4.5]],
            crop: Image(width: 6, height: 5, channels: 3, filledWith: 7), cropOrigin: [10, 20], sharpness: 1.5,
            score: 0.75)
        let size = 64
        let detail = DetailMap(
            size: size, values: (0..<size * size).map { Float($0 % 7) / 64 },
            seen: [Float](repeating: 0, count: size * size))
        let synthesis = TextureSynthesizer.State(
            detail: detail, sharpSize: 64, regionWeights: [[0.25, 0.75]], regionResiduals: [0.1],
            weights: [0.375, 0.625], residual: 0.15, effectiveFaces: 1.9, unresolved: 0.5)
        return [
            ("index", index.encoded()), ("keyframe", KeyframeFile.encoded(keyframe)),
            ("synthesis", SynthesisFile.encoded(synthesis)),
            ("newer", SealedFile.sealed(SealedFile.begin("LIKESTAT", version: 9))),
        ]
    }
}
