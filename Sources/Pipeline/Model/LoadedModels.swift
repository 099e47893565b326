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
    package let tracker: Handover<FaceTracker>
    package let iris: Handover<IrisEstimator>

    package init(directory: String, texture: Configuration.Texture) throws(Failure) {
        do throws(ModelError) {
            let library = try LiteRTLibrary(directory: directory)
            tracker = Handover(try FaceTracker(directory: directory, library: library))
            iris = Handover(try IrisEstimator(directory: directory, library: library))
        } catch {
            throw Failure(.configuration, error.description)
        }
        (head, headDigest) = try HeadModelFile.loadWithDigest(at: directory + "/" + HeadModelFile.name)
        faces = texture.synthesis ? try FaceDatabaseFile.load(from: directory, features: texture.features) : nil
    }

    /// Carries a network, which has one owner at a time, from where it is loaded to the stage that uses it.
    package final class Handover<Network>: @unchecked Sendable {
        // @unchecked: emptied by the first `take`, under the lock.
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
    }
}
