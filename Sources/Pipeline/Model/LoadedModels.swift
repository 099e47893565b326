package import Face
internal import Synchronization
package import Tracking

/// Everything that is read from the model directory, checked before the source is opened.
package struct LoadedModels: Sendable {
    package let head: MorphableModel
    package let tracker: Handover

    package init(directory: String) throws(Failure) {
        do throws(ModelError) {
            tracker = Handover(try FaceTracker(directory: directory))
        } catch {
            throw Failure(.configuration, error.description)
        }
        head = try HeadModelFile.load(from: directory)
    }

    /// Carries the tracker, which has one owner at a time, from where it is loaded to the stage that uses it.
    package final class Handover: @unchecked Sendable {
        // @unchecked: emptied by the first `take`, under the lock.
        private let lock = Mutex<Void>(())
        private var tracker: FaceTracker?

        init(_ tracker: FaceTracker) { self.tracker = tracker }

        package func take() -> FaceTracker {
            lock.withLock { _ in
                guard let tracker else { preconditionFailure("the tracker has one owner") }
                self.tracker = nil
                return tracker
            }
        }
    }
}
