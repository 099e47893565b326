internal import Face
internal import Synchronization
internal import Tracking

/// The models of several stations: what is only looked at is loaded once and shared, and each has networks of its own.
package final class ModelShelf: Sendable {
    private struct Loaded {
        var library: LiteRTLibrary?
        var head: (model: MorphableModel, digest: String)?
        /// By the file that the network's weights come from; `nil` where no database is installed.
        var faces: [String: FaceDatabaseContents?] = [:]
        /// Without the statistics; `nil` inside where none is installed.
        var albedo: AlbedoModel??
    }

    private let directory: String
    private let loaded = Mutex(Loaded())

    package init(directory: String) { self.directory = directory }

    package func models(for texture: Configuration.Texture) throws(Failure) -> LoadedModels {
        let shared = try loaded.withLock { loaded throws(Failure) in try load(into: &loaded, texture) }
        do throws(ModelError) {
            return LoadedModels(
                head: shared.head.model, headDigest: shared.head.digest, faces: shared.faces, albedo: shared.albedo,
                tracker: try FaceTracker(directory: directory, library: shared.library),
                iris: try IrisEstimator(directory: directory, library: shared.library),
                segmenter: try PersonSegmenter(directory: directory, library: shared.library))
        } catch {
            throw Failure(.configuration, error.description)
        }
    }

    private func load(
        into loaded: inout Loaded, _ texture: Configuration.Texture
    ) throws(Failure) -> (
        library: LiteRTLibrary, head: (model: MorphableModel, digest: String), faces: FaceDatabaseContents?,
        albedo: AlbedoModel?
    ) {
        let library: LiteRTLibrary
        if let known = loaded.library {
            library = known
        } else {
            do throws(ModelError) { library = try LiteRTLibrary(directory: directory) } catch {
                throw Failure(.configuration, error.description)
            }
            loaded.library = library
        }
        let head: (model: MorphableModel, digest: String)
        if let known = loaded.head {
            head = known
        } else {
            head = try HeadModelFile.loadWithDigest(at: directory + "/" + HeadModelFile.name)
        }
        loaded.head = head
        guard texture.synthesis else {
            if let known = loaded.albedo { return (library, head, nil, known) }
            let albedo = try FaceDatabaseFile.albedo(from: directory)
            loaded.albedo = .some(albedo)
            return (library, head, nil, albedo)
        }
        if let known = loaded.faces[texture.features] { return (library, head, known, known?.albedo) }
        let faces = try FaceDatabaseFile.load(from: directory, features: texture.features)
        loaded.faces[texture.features] = .some(faces)
        return (library, head, faces, faces?.albedo)
    }
}
