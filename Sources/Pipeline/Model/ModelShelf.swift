internal import Face
internal import Tracking

/// The models of several stations: what is only looked at is loaded once and shared, and each has networks of its own.
package struct ModelShelf {
    private let directory: String
    private var library: LiteRTLibrary?
    private var head: MorphableModel?
    /// By the file that the network's weights come from; `nil` where no database is installed.
    private var faces: [String: FaceDatabaseContents?] = [:]

    package init(directory: String) { self.directory = directory }

    package mutating func models(for texture: Configuration.Texture) throws(Failure) -> LoadedModels {
        let tracker: FaceTracker
        let iris: IrisEstimator
        do throws(ModelError) {
            let library: LiteRTLibrary
            if let known = self.library { library = known } else { library = try LiteRTLibrary(directory: directory) }
            self.library = library
            tracker = try FaceTracker(directory: directory, library: library)
            iris = try IrisEstimator(directory: directory, library: library)
        } catch {
            throw Failure(.configuration, error.description)
        }
        let head: MorphableModel
        if let known = self.head { head = known } else { head = try HeadModelFile.load(from: directory) }
        self.head = head
        return LoadedModels(head: head, faces: try faces(for: texture), tracker: tracker, iris: iris)
    }

    private mutating func faces(for texture: Configuration.Texture) throws(Failure) -> FaceDatabaseContents? {
        guard texture.synthesis else { return nil }
        if let known = faces[texture.features] { return known }
        let loaded = try FaceDatabaseFile.load(from: directory, features: texture.features)
        faces[texture.features] = .some(loaded)
        return loaded
    }
}
