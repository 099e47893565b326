package import Face

/// Everything that a restart needs to go on where it was.
///
/// What is a function of this is made anew: how known people look to recognition, the views' unwrapped textures, the avatar.
/// Who is in view is found out anew, since another person may sit there now; what is published already, and how good it is,
/// stands in the manifest.
package struct Checkpoint: Sendable {
    package struct Person: Sendable {
        /// In the order of their frames; the crops are the bulk of it.
        package var keyframes: [Keyframe] = []
        package var selection: KeyframeSelector.State
        /// The last estimate, where there was one; its views may lag behind the keyframes.
        package var fit: ShapeFit?
        /// The last estimate came from parallax.
        package var isDense = false
        /// How far the skin that nobody saw was synthesized.
        package var synthesis: Synthesis?

        package init(selection: KeyframeSelector.State = KeyframeSelector().state) { self.selection = selection }
    }

    package struct Synthesis: Sendable {
        package var state: TextureSynthesizer.State
        /// Of the avatar that it was made for.
        package var coverage: Double

        package init(state: TextureSynthesizer.State, coverage: Double) {
            (self.state, self.coverage) = (state, coverage)
        }
    }

    /// Digest of the head model that fits and synthesis belong to.
    package var head: String
    /// Redacted; another camera has another focal length.
    package var source: String
    /// Seconds of the stream that were seen, and one more than the largest frame number.
    package var streamSeconds = 0.0
    package var nextFrame = 0
    package var people: [Person] = []

    package init(head: String, source: String) { (self.head, self.source) = (head, source) }

    /// Of the pictures that its keyframes come from, pixels.
    var pictureSize: (width: Int, height: Int)? {
        people.lazy.compactMap(\.keyframes.last).first.map { ($0.imageWidth, $0.imageHeight) }
    }

    package var keyframeCount: Int { people.reduce(0) { $0 + $1.keyframes.count } }

    /// Leaves keyframes out, wherever they are mentioned.
    /// - Parameter isLost: by frame.
    mutating func drop(person: Int, where isLost: (Int) -> Bool) {
        people[person].keyframes.removeAll { isLost($0.frame) }
        for bin in people[person].selection.bins.indices {
            people[person].selection.bins[bin].removeAll { isLost($0.frame) }
        }
    }

    /// Whether everything has the sizes of a head model, and the parts of it belong together.
    func fits(_ model: MorphableModel) -> Bool {
        people.allSatisfy { person in
            let frames = Set(person.keyframes.map(\.frame))
            let chosen = person.selection.bins.joined().map(\.frame)
            return person.selection.bins.count == KeyframeSelector.binCount
                && frames.count == person.keyframes.count && chosen.count == frames.count
                && chosen.allSatisfy(frames.contains)
                && person.keyframes.allSatisfy { $0.landmarks.count == model.landmarks.count }
                && (person.fit.map { fit in
                    fit.identity.count == model.identityCount
                        && fit.views.allSatisfy { $0.expression.count == model.expressions.count }
                        && fit.deviation.points.allSatisfy(model.mean.indices.contains)
                } ?? true)
        }
    }
}
