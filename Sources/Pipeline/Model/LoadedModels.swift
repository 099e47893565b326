package import Face
internal import Synchronization
package import Tracking

/// Everything that is read from the model directory, checked before the source is opened.
package struct LoadedModels: Sendable {
    package let head: MorphableModel
    /// Texture statistics of many faces; `nil` where none are installed or wanted.
    package private(set) var faces: FaceDatabaseContents?
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
        head = try HeadModelFile.load(from: directory)
        faces = texture.synthesis ? try FaceDatabaseFile.load(from: directory, features: texture.features) : nil
    }

    /// The same networks and head for another run; only the texture statistics are read again, where it wants others.
    package func adapted(
        from old: Configuration.Texture, to new: Configuration.Texture, directory: String
    ) throws(Failure) -> LoadedModels {
        if old.synthesis == new.synthesis, old.features == new.features { return self }
        var adapted = self
        adapted.faces = new.synthesis ? try FaceDatabaseFile.load(from: directory, features: new.features) : nil
        return adapted
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
