import Foundation
import Tensors
import Testing
import Tracking
import Video

/// On real and rendered people that are not in the repository.
@Suite(
    .enabled(if: Places.hasModels, "\(Places.noModels)"),
    .enabled(if: Places.hasShared("video"), "\(Places.noShared)"), .serialized)
struct RecordedPeopleTests {
    private static func observe(_ path: String, _ body: (YUVImage, Int, Observation) throws -> Void) throws -> Int {
        var tracker = try FaceTracker(directory: Places.models)
        var reader = try VideoReader(.file(path: Places.shared + "/data/" + path))
        var frames = 0
        while let frame = try reader.next() {
            frames += 1
            let result = try tracker.observe(frame.image, frame: frame.number, time: frame.time)
            if case .success(let observation) = result { try body(frame.image, frame.number, observation) }
        }
        return frames
    }

    /// Truth: MediaPipe's own pipeline on the same pictures, dumped by Reference/mediapipe_landmarks.py.
    @Test(
        .enabled(if: Places.mediapipePython != nil, "no Python with mediapipe: set LIKENESS_MEDIAPIPE_PYTHON"),
        arguments: ["s18", "d3", "d13"])
    func landmarksAreMediaPipes(clip: String) throws {
        let python = try #require(Places.mediapipePython)
        let script = Places.root.path + "/Tests/TrackingTests/Reference/mediapipe_landmarks.py"
        let dump = FileManager.default.temporaryDirectory.path + "/\(clip)-\(UUID().uuidString).txt"
        defer { try? FileManager.default.removeItem(atPath: dump) }
        try #require(try Places.run([python, script, "\(Places.shared)/data/video/\(clip).mp4", dump]) == 0)
        var reference: [Int: [Double]] = [:]
        for line in try String(contentsOfFile: dump, encoding: .utf8).split(separator: "\n").dropFirst() {
            let words = line.split(separator: " ")
            reference[try #require(Int(words[0]))] = words.dropFirst().map { Double($0)! }
        }
        var frameMeans: [Double] = []
        let frames = try Self.observe("video/\(clip).mp4") { _, number, observation in
            guard let expected = reference[number] else { return }
            let distances = observation.face.points.enumerated().map { i, p in
                hypot(Double(p.x) - expected[3 * i], Double(p.y) - expected[3 * i + 1])
            }
            frameMeans.append(distances.reduce(0, +) / Double(distances.count))
        }
        let mean = frameMeans.reduce(0, +) / Double(frameMeans.count)
        print(
            "\(clip): \(frameMeans.count) of \(frames) frames, mean \(mean) px, worst frame \(frameMeans.max() ?? 0) px"
        )
        #expect(frameMeans.count == reference.count && reference.count > frames * 9 / 10)
        #expect(mean < 0.5)
    }

    /// Truth: the renderer's own poses and blur (frames.json).
    @Test(.enabled(if: Places.hasShared("heads/1"), "\(Places.noShared)"), arguments: ["1", "2", "3"])
    func anglesAndSharpnessOfRenderedHeads(head: String) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(Places.shared)/data/heads/\(head)/frames.json"))
        let json = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let truth = try #require(json["frames"] as? [[String: Any]])
        var squares = SIMD3<Double>()
        var (sharp, blurred): ([Float], [Float]) = ([], [])
        let frames = try Self.observe("heads/\(head)/clip.mp4") { _, number, observation in
            let rows = truth[number]["rotation"] as! [[Double]]
            // facing⁻¹ · rotation = Ry(yaw) · Rx(−pitch) · Rz(roll)
            let (second, third) = (rows[1].map { -$0 }, rows[2].map { -$0 })
            let angles = SIMD3(atan2(rows[0][2], third[2]), asin(second[2]), atan2(second[0], second[1]))
            let error = SIMD3(Double(observation.yaw), Double(observation.pitch), Double(observation.roll)) - angles
            squares += error * error
            if truth[number]["blurred"] as! Bool {
                blurred.append(observation.sharpness)
            } else {
                sharp.append(observation.sharpness)
            }
        }
        let seen = sharp.count + blurred.count
        #expect(seen > frames * 95 / 100)
        let rms = (squares / Double(seen)).squareRoot() * 180 / .pi
        #expect(rms.x < 5 && rms.y < 5 && rms.z < 3, "yaw, pitch, roll off by \(rms) degrees (rms)")
        // How often a sharp frame scores above a blurred one.
        let wins = sharp.reduce(0) { sum, s in sum + blurred.count { $0 < s } }
        let share = Double(wins) / Double(sharp.count * blurred.count)
        print("head \(head): yaw, pitch, roll rms \(rms)°, sharp above blurred \(share)")
        #expect(share > 0.9)
    }

    /// Truth: pupils placed by hand (the first two points of the .tem files), held-out faces.
    @Test(.enabled(if: Places.hasShared("faces"), "\(Places.noShared)"))
    func irisesAreThePupilsOfTheFaceSet() throws {
        let library = try LiteRTLibrary(directory: Places.models)
        var irises = try IrisEstimator(directory: Places.models, library: library)
        var tracker = try FaceTracker(directory: Places.models, library: library)
        let folder = Places.shared + "/data/faces"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
            $0.hasSuffix("0_03.jpg") || $0.hasSuffix("5_03.jpg")
        }.sorted()
        var errors: [Float] = []
        for name in names {
            var reader = try VideoReader(.file(path: folder + "/" + name))
            let image = try #require(try reader.next()).image
            tracker.reset()
            let face = try tracker.landmarks(of: image).get()
            let eyes = try irises.eyes(of: image, face)
            let lines = try String(contentsOfFile: folder + "/" + name.dropLast(4) + ".tem", encoding: .utf8)
                .split(whereSeparator: \.isNewline)
            let pupils = lines[1...2].map { line in
                let words = line.split(whereSeparator: \.isWhitespace).compactMap { Float($0) }
                return SIMD2(words[0], words[1])
            }
            let apart = pupils[1] - pupils[0]
            for (eye, pupil) in zip([eyes.left, eyes.right], pupils) {
                let d = eye.iris[0] - pupil
                errors.append(((d * d).sum() / (apart * apart).sum()).squareRoot())
                // Edges lie where their names say, and an iris is a sixth to a fifth of the eyes' distance.
                #expect(eye.iris[1].x > eye.iris[3].x && eye.iris[2].y < eye.iris[4].y)
                #expect((0.14...0.23).contains(eye.diameter / (apart * apart).sum().squareRoot()))
            }
        }
        try #require(errors.count > 10)
        let mean = errors.reduce(0, +) / Float(errors.count)
        print("pupils: \(errors.count / 2) faces, mean error \(mean) of the eyes' distance")
        #expect(mean < 0.03)
    }

    /// Truth: looking at the clip; the person fills the middle, the upper corners are background.
    @Test func thePersonIsInTheMask() throws {
        let library = try LiteRTLibrary(directory: Places.models)
        var segmenter = try PersonSegmenter(directory: Places.models, library: library)
        var faces = 0
        _ = try Self.observe("video/d13.mp4") { image, number, observation in
            guard number % 60 == 0 else { return }
            let mask = try segmenter.mask(of: image)
            faces += 1
            let nose = observation.face.points[1]
            let at = Int(nose.y / Float(image.height) * 256) * 256 + Int(nose.x / Float(image.width) * 256)
            #expect(mask.values[at] > 0.9)
            #expect(mask.values[0] < 0.1 && mask.values[255] < 0.1)
        }
        #expect(faces >= 5)
    }

    /// Truth: by construction; a picture, then nothing, then the picture again.
    @Test func aFaceIsLostAndFoundAgain() throws {
        var reader = try VideoReader(.file(path: Places.shared + "/data/video/s18.mp4"))
        let image = try #require(try reader.next()).image
        let nothing = YUVImage(rgb: Image(width: image.width, height: image.height, channels: 3, filledWith: 90))
        var tracker = try FaceTracker(directory: Places.models)
        #expect(throws: Unobserved.noFace) { try tracker.landmarks(of: nothing, time: 0).get() }
        let first = try tracker.landmarks(of: image, time: 0.1).get()
        #expect(throws: Unobserved.lost) { try tracker.landmarks(of: nothing, time: 0.2).get() }
        #expect(throws: Unobserved.noFace) { try tracker.landmarks(of: nothing, time: 0.3).get() }
        let again = try tracker.landmarks(of: image, time: 0.4).get()
        #expect(first.points == again.points)
        // Much too small for a face, but no fault.
        let tiny = YUVImage(rgb: Image(width: 3, height: 2, channels: 3, filledWith: 90))
        #expect(throws: Unobserved.lost) { try tracker.landmarks(of: tiny, time: 0.5).get() }
        #expect(throws: Unobserved.noFace) { try tracker.landmarks(of: tiny, time: 0.6).get() }
    }
}
