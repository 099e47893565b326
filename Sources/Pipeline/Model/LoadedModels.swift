package import Face
internal import Synchronization
package import Tracking

/// Everything that is read from the model directory, checked before the source is opened.
package struct LoadedModels: Sendable {
    package let head: MorphableModel
    /// Of the head model's file.
    package let headDigest: String
    /// Texture statistics of many faces; `nil` where none are installed or wanted.
    package let faces: FaceDatabaseContents?
    /// How the smooth albedo of faces varies; `nil` where no database is installed.
    package let albedo: AlbedoModel?
    package let tracker: Handover<FaceTracker>
    package let iris: Handover<IrisEstimator>
    package let segmenter: Handover<PersonSegmenter>

    package init(directory: String, texture: Configuration.Texture) throws(Failure) {
        self = try ModelShelf(directory: directory).models(for: texture)
    }

    init(
        head: MorphableModel, headDigest: String, faces: FaceDatabaseContents?, albedo: AlbedoModel?,
        tracker: FaceTracker, iris: IrisEstimator, segmenter: PersonSegmenter
    ) {
        self.head = head
        self.headDigest = headDigest
        self.faces = faces
        self.albedo = albedo
        self.tracker = Handover(tracker)
        self.iris = Handover(iris)
        self.segmenter = Handover(segmenter)
    }

    /// Carries a network, which has one owner at a time, from where it is loaded to the stage that uses it, and to the next
    /// run's.
    package final class Handover<Network>: @unchecked Sendable {
        // @unchecked: emptied by `take`, under the lock.
        private let lock = Mutex<Void>(())
        private var network: Network?

        init(_ network: Network) { self.network = network }

        package func take() -> Network {
            lock.withLock { _ in
                guard let network else { preconditionFailure("a network has one owner") }
                self.network = nil
                return network
            }
        }

        package func giveBack(_ network: Network) { lock.withLock { _ in self.network = network } }
    }
}
