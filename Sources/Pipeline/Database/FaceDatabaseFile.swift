package import Face
package import Foundation
package import Tensors

/// Builds, writes and reads a database of texture statistics.
package enum FaceDatabaseFile {
    package static let name = "face.database"

    /// - Parameter features: `texture.features`.
    /// - Returns: `nil` where the directory has none.
    package static func load(from directory: String, features: String = "") throws(Failure) -> FaceDatabaseContents? {
        let path = directory + "/" + name
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        let weights = features.isEmpty ? nil : try weights(of: features, key: "texture.features")
        do { return try FaceDatabaseContents(encoded: [UInt8](data), weights: weights) } catch {
            throw Failure(.configuration, "\(path): \(error.description)")
        }
    }

    /// How the smooth albedo of the database's faces varies.
    /// - Returns: `nil` where the directory has no database.
    package static func albedo(from directory: String) throws(Failure) -> AlbedoModel? {
        let path = directory + "/" + name
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do { return try FaceDatabaseContents.albedo(encoded: [UInt8](data)) } catch {
            throw Failure(.configuration, "\(path): \(error.description)")
        }
    }

    /// A safetensors file, mapped rather than read.
    /// - Parameter key: what names the file, for the message.
    package static func weights(of path: String, key: String) throws(Failure) -> SafeTensors {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        else { throw Failure(.configuration, "\(key): there is no file \(path) that can be read: name the weights'") }
        do { return try SafeTensors(data) } catch {
            throw Failure(.configuration, "\(key): \(path): \(error.description)")
        }
    }

    /// VGG-19 to a depth, of a safetensors file.
    package static func vgg(_ path: String, depth: VGG19.Depth) throws(Failure) -> DetailFeatures {
        let file = try weights(of: path, key: "--features")
        do { return .vgg(try VGG19(file, depth: depth)) } catch {
            throw Failure(.configuration, "--features: \(path): \(error.description)")
        }
    }

    /// Replaces the file atomically.
    package static func write(
        _ faces: [Face], network: DetailFeatures, atlas: TextureAtlas, to output: String
    ) throws(Failure) {
        guard faces.count >= 2 else {
            throw Failure(.noFace, "\(faces.count) usable faces: a database needs two, and is good with fifty or more")
        }
        let contents = FaceDatabaseContents(
            network: network, database: FaceDatabase(faces.map(\.statistics)), size: atlas.size,
            albedo: AlbedoModel(faces: faces.map(\.colours), atlas: atlas))
        try write(Data(contents.encoded()), to: output)
    }

    /// Replaces a file atomically.
    package static func write(_ file: Data, to output: String) throws(Failure) {
        let directory = (output as NSString).deletingLastPathComponent
        do throws(FileSystemError) {
            try AtomicFile.write(
                [UInt8](file), to: (output as NSString).lastPathComponent, in: directory.isEmpty ? "." : directory)
        } catch {
            throw Failure(error)
        }
    }

    /// Our own network with the weights of a file.
    package static func network(_ path: String) throws(Failure) -> DetailNetwork {
        let file = try weights(of: path, key: "--network")
        do { return try DetailNetwork(file) } catch {
            throw Failure(.configuration, "--network: \(path): \(error.description)")
        }
    }

    /// What a database knows of a photograph.
    package struct Face: Sendable {
        var statistics: DetailStatistics
        var colours: PointColours
    }

    /// Of all usable photographs.
    /// - Parameter progress: number, name, and why it was left out.
    package static func build(
        photos: [String], atlas: TextureAtlas, pyramid: DetailPyramid, network: DetailFeatures, models: String,
        progress: (Int, String, PhotoTexture.Rejection?) -> Void
    ) throws(Failure) -> [Face] {
        let features = network.network()
        var faces: [Face] = []
        try each(photos, atlas, models, progress) { photo in
            let detail = photo.detail(regions: pyramid.regions(at: atlas.size))
            faces.append(
                Face(
                    statistics: DetailStatistics(of: detail, pyramid: pyramid, network: features),
                    colours: photo.colours))
        }
        return faces
    }

    /// The detail of all usable photographs.
    package static func details(
        photos: [String], atlas: TextureAtlas, pyramid: DetailPyramid, models: String,
        progress: (Int, String, PhotoTexture.Rejection?) -> Void
    ) throws(Failure) -> [DetailMap] {
        var faces: [DetailMap] = []
        try each(photos, atlas, models, progress) { faces.append($0.detail(regions: pyramid.regions(at: atlas.size))) }
        return faces
    }

    private static func each(
        _ photos: [String], _ atlas: TextureAtlas, _ models: String,
        _ progress: (Int, String, PhotoTexture.Rejection?) -> Void, take: (PhotoTexture) -> Void
    ) throws(Failure) {
        // Of even studio light the smooth part is divided out; what shade is left in a hollow is how faces look, and the albedo
        // model is to know it.
        var maker = try PhotoTexture.Maker(
            atlas: atlas, models: models, delighting: DelightingOptions(suppressesResidualShading: false))
        for (i, photo) in photos.enumerated() {
            let name = (photo as NSString).lastPathComponent
            do throws(PhotoTexture.Rejection) {
                take(try maker.texture(of: photo))
                progress(i, name, nil)
            } catch {
                progress(i, name, error)
            }
        }
    }
}
