package import Face
internal import Foundation
internal import Tensors
internal import Tracking

/// Builds and loads `head.model`.
package enum HeadModelFile {
    package static let name = "head.model"

    /// Builds the model from the data that set-up extracted, calibrates its landmarks, writes it atomically.
    /// - Parameters:
    ///   - data: directory with `mpfb2/` and `faceunits01/`.
    ///   - models: directory with the tracking models.
    package static func build(
        data: String, models: String, output: String, progress: (String) -> Void
    ) throws(Failure) {
        do {
            let targets = data + "/mpfb2/targets"
            let names = FileManager.default.enumerator(atPath: targets)?.compactMap { $0 as? String } ?? []
            let builder = try HeadModelBuilder(
                targetNames: names.filter { $0.hasSuffix(".target") }.map { String($0.dropLast(7)) }.sorted()
            ) { try text($0, data) }
            progress("drawing heads")
            var (model, kept) = try builder.build()
            progress(
                "\(model.mean.count) points, \(model.identityCount) modes with \(StatusLine.fixed(kept * 100, 1)) % of the"
                    + " variance; calibrating landmarks")
            let detector = try FaceTracker(directory: models)
            let (anchors, seen) = try LandmarkCalibration(model: model).anchors { image in
                var tracker = detector
                tracker.reset()
                guard case .success(let face) = try tracker.landmarks(of: YUVImage(rgb: image)) else { return nil }
                return face.points
            }
            model.landmarks = anchors
            let usable = anchors.filter { $0.deviation.isFinite }.map { $0.deviation * 1000 }.sorted()
            guard usable.count > 300 else {
                throw Failure(.software, "the tracker sees no face in the model: \(usable.count) landmarks calibrated")
            }
            progress(
                "\(usable.count) landmarks, median deviation \(StatusLine.fixed(Double(usable[usable.count / 2]), 1)) mm;"
                    + " a face in \(StatusLine.fixed(seen * 100, 0)) % of the renders")
            let directory = (output as NSString).deletingLastPathComponent
            try AtomicFile.write(
                model.encoded(), to: (output as NSString).lastPathComponent, in: directory.isEmpty ? "." : directory)
        } catch let failure as Failure {
            throw failure
        } catch let error as FileSystemError {
            throw Failure(error)
        } catch let error as ModelError {
            throw Failure(.configuration, error.description)
        } catch {
            throw Failure(.configuration, "\(error): run ./set-up again")
        }
    }

    package static func load(from directory: String) throws(Failure) -> MorphableModel {
        try load(at: directory + "/" + name)
    }

    package static func load(at path: String) throws(Failure) -> MorphableModel { try loadWithDigest(at: path).model }

    /// - Returns: also the digest that the file ends with, by which it is told from other models.
    package static func loadWithDigest(at path: String) throws(Failure) -> (model: MorphableModel, digest: String) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(.configuration, "\(path) is missing: run ./set-up, or name its directory with --models")
        }
        let bytes = [UInt8](data)
        do { return (try MorphableModel(encoded: bytes), SealedFile.digest(of: bytes)) } catch {
            throw Failure(.configuration, "\(path): \(error.description)")
        }
    }

    private static func text(_ name: String, _ data: String) throws -> String {
        let path =
            switch name {
            case "base.obj": data + "/mpfb2/3dobjs/base.obj"
            case "hm08.mirror": data + "/mpfb2/mesh_metadata/hm08.mirror"
            case _ where name.hasPrefix("faceunits/"):
                data + "/faceunits01/targets/" + name + ".target"
            default: data + "/mpfb2/" + name + ".target"
            }
        return String(decoding: try AtomicFile.read(path), as: UTF8.self)
    }
}
