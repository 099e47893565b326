internal import Face
internal import Foundation
internal import Tensors
internal import Video

/// Writes the film of a synthetic person and the truth about it.
package enum SyntheticClip {
    /// What is true of one frame.
    package struct Truth: Codable, Sendable {
        package struct Frame: Codable, Sendable {
            package var yaw: Double
            package var pitch: Double
            package var roll: Double
            /// Metres, camera space.
            package var translation: [Double]
            package var expression: [String: Double]
            package var blurred: Bool
        }
        package var seed: UInt64
        /// Pixels.
        package var focal: Double
        /// Standard deviations.
        package var identity: [Double]
        package var frames: [Frame]
    }

    /// Writes `person.mp4`, `truth.json` and `truth.glb` (the person's own head and skin) into `directory`.
    package static func write(
        models: String, directory: String, seed: UInt64, seconds: Double, width: Int, height: Int,
        progress: (Double) -> Void
    ) throws(Failure) {
        let model = try HeadModelFile.load(from: models)
        let person = SyntheticPerson(model: model, seed: seed, width: width, height: height)
        let rate = 30.0
        var truth = Truth(seed: seed, focal: person.camera.focal, identity: person.identity, frames: [])
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            // Under another name until it is whole: a film that was cut off must not pass for one.
            let unfinished = "\(directory)/.person.partial.mp4"
            do {
                var encoder = try VideoEncoder(path: unfinished, width: width, height: height)
                let count = Int(seconds * rate)
                for i in 0..<count {
                    let moment = person.moment(at: Double(i) / rate)
                    try encoder.append(person.frame(moment, number: i))
                    let angles = moment.pose.angles
                    let t = moment.pose.translation
                    truth.frames.append(
                        .init(
                            yaw: angles.yaw, pitch: angles.pitch, roll: angles.roll, translation: [t.x, t.y, t.z],
                            expression: moment.expression, blurred: moment.blur > 0))
                    if i % 30 == 29 { progress(Double(i + 1) / Double(count)) }
                }
                try encoder.finish()
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            try AtomicFile.write([UInt8](encoder.encode(truth)), to: "truth.json", in: directory)
            try AtomicFile.write(person.avatar.glb(), to: "truth.glb", in: directory)
            guard rename(unfinished, "\(directory)/person.mp4") == 0 else {
                throw FileSystemError(operation: "write", path: "\(directory)/person.mp4", code: errno)
            }
        } catch let error as FileSystemError {
            throw Failure(error)
        } catch {
            throw Failure(.cannotCreate, "cannot write the film into \(directory): \(error)")
        }
    }

    /// What was written beside the film.
    package static func truth(_ directory: String) throws(Failure) -> Truth {
        let path = "\(directory)/truth.json"
        do { return try JSONDecoder().decode(Truth.self, from: Data(contentsOf: URL(fileURLWithPath: path))) } catch {
            throw Failure(.noInput, "\(path) cannot be read: \(error.localizedDescription)")
        }
    }
}
