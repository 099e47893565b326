/// What happened to the stream so far: every drop, rejection, supersession and publication is counted here.
package struct Counters: Sendable, Equatable {
    /// Frames that left the decoder.
    package var framesRead = 0
    /// Frames lost because a newer one was there first (live sources only).
    package var framesDropped = 0
    /// Damaged packets the decoder skipped.
    package var packetsCorrupt = 0
    /// Frames in which the tracker looked for a face.
    package var framesObserved = 0
    package var framesWithoutFace = 0
    /// Observations that became keyframes.
    package var keyframesKept = 0
    /// Observations that did not, by reason.
    package var rejections: [String: Int] = [:]
    package var fits = 0
    /// Fits that a newer one replaced before a texture was made of them.
    package var fitsSuperseded = 0
    package var textures = 0
    /// Times that unseen skin was synthesized, to whatever octave.
    package var syntheses = 0
    /// What is being synthesized right now.
    package var synthesizing: String?
    package var source = SourceState.opening(until: .now)
    /// Times a live source was lost.
    package var losses = 0
    /// Times it could not be opened.
    package var openingsFailed = 0
    /// Times a lost live source gave pictures again.
    package var reconnects = 0
    package var lastFrame: ContinuousClock.Instant?
    package var lastFace: ContinuousClock.Instant?
    /// Outputs are checked and models are loaded: from here on it works, or waits for its source.
    package var isReady = false
    package var publications = 0
    /// Publications that failed, and why the newest avatar is not published although it should be.
    package var publicationFailures = 0
    package var unpublished: String?
    /// Checkpoints written, and such that could not be.
    package var checkpoints = 0
    package var checkpointFailures = 0
    /// Avatars that were not better enough to publish.
    package var withheld = 0

    /// Seconds of work, waiting left out, by stage: observe, fit, texture, synthesize, publish.
    package var stageSeconds: [String: Double] = [:]

    /// Seconds of the stream.
    package var streamTime = 0.0
    /// Stream time of the first keyframe and of the first publication.
    package var firstKeyframeTime: Double?
    package var firstPublicationTime: Double?
    /// Keyframes now kept, per yaw bin from the person's right to left, all pitches together.
    package var keyframesPerYawBin: [Int] = []
    package var keyframes = 0
    /// Millimetres.
    package var fitDeviation: Double?
    /// Of `ShapeFit.reprojection`.
    package var reprojection: Double?
    /// 0...1 of the face's texels.
    package var coverage: Double?
    package var edition: Int?
    /// People who are known.
    package var people = 0

    package init() {}

    /// Why the source is closed though nothing is wrong with it.
    package var closed: SourceState.Closed? { if case .closed(let why) = source { why } else { nil } }

    package var framesWithFace: Int { framesObserved - framesWithoutFace }
}
