package import Face

/// What the observing stage tells the fitting stage: a keyframe came (and which one went), or just how late it is.
package struct KeyframeEvent: Sendable {
    /// Stream time in seconds.
    package var time: Double
    /// Number of the person who is in view, from 0.
    package var person: Int
    package var kept: Keyframe?
    /// `Keyframe.frame` of those that `kept` replaces.
    package var replaced: [Int]

    package init(time: Double, person: Int = 0, kept: Keyframe? = nil, replaced: [Int] = []) {
        self.time = time
        self.person = person
        self.kept = kept
        self.replaced = replaced
    }
}

/// The kept keyframes in the order of their frames: bounded, because the selector that drives it is.
package struct KeyframeSet: Sendable {
    package private(set) var keyframes: [Keyframe] = []

    /// - Parameter keyframes: to begin with, in the order of their frames.
    package init(_ keyframes: [Keyframe] = []) { self.keyframes = keyframes }

    /// Returns true when the set changed.
    package mutating func apply(_ event: KeyframeEvent) -> Bool {
        guard let kept = event.kept else { return false }
        keyframes.removeAll { event.replaced.contains($0.frame) }
        let at = keyframes.firstIndex { $0.frame > kept.frame } ?? keyframes.count
        keyframes.insert(kept, at: at)
        return true
    }
}

/// A fit and the keyframes it was made of: one snapshot, so that a texture never mixes two.
package struct FittedKeyframes: Sendable {
    /// Stream time in seconds.
    package var time: Double
    /// Number of the person, from 0.
    package var person = 0
    package var fit: ShapeFit
    package var keyframes: [Keyframe]
    /// The stream is over; nothing of this person comes after this.
    package var final: Bool
}
