package import Face
internal import Foundation
internal import Tensors

/// Builds, writes and reads a database of texture statistics.
package enum FaceDatabaseFile {
    package static let name = "face.database"

    /// - Returns: `nil` where the directory has none.
    package static func load(from directory: String) throws(Failure) -> FaceDatabaseContents? {
        let path = directory + "/" + name
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do { return try FaceDatabaseContents(encoded: [UInt8](data)) } catch {
            throw Failure(.configuration, "\(path): \(error.description)")
        }
    }

    /// Replaces the file atomically.
    package static func write(
        _ faces: [DetailStatistics], network: DetailNetwork, size: Int, to output: String
    ) throws(Failure) {
        guard faces.count >= 2 else {
            throw Failure(.noFace, "\(faces.count) usable faces: a database needs two, and is good with fifty or more")
        }
        let contents = FaceDatabaseContents(network: network, database: FaceDatabase(faces), size: size)
        let directory = (output as NSString).deletingLastPathComponent
        do throws(FileSystemError) {
            try AtomicFile.write(
                contents.encoded(), to: (output as NSString).lastPathComponent, in: directory.isEmpty ? "." : directory)
        } catch {
            throw Failure(error)
        }
    }

    /// Statistics of all usable photographs.
    /// - Parameter progress: number, name, and why it was left out.
    package static func build(
        photos: [String], atlas: TextureAtlas, pyramid: DetailPyramid, network: DetailNetwork, models: String,
        progress: (Int, String, PhotoTexture.Rejection?) -> Void
    ) throws(Failure) -> [DetailStatistics] {
        var maker = try PhotoTexture.Maker(atlas: atlas, models: models)
        let features = network.network()
        var faces: [DetailStatistics] = []
        for (i, photo) in photos.enumerated() {
            let name = (photo as NSString).lastPathComponent
            do throws(PhotoTexture.Rejection) {
                let made = try maker.texture(of: photo).texture
                let detail = DetailMap(made, seen: made.evidence, regions: pyramid.regions(at: atlas.size))
                faces.append(DetailStatistics(of: detail, pyramid: pyramid, network: features))
                progress(i, name, nil)
            } catch {
                progress(i, name, error)
            }
        }
        return faces
    }
}
