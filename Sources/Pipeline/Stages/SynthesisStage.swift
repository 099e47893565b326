internal import Face
internal import Logging

extension Pipeline {
    /// What synthesis knows of one person.
    private struct Synthesized {
        var state: TextureSynthesizer.State?
        /// Until there is a state.
        var sketch: TextureSynthesizer.State?
        var shown: TextureSynthesizer.State? { state ?? sketch }
        /// Of the avatar that `state` was made for.
        var coverage = -1.0
    }

    /// Avatars → the same with what nobody saw synthesized. Each avatar goes on at once with what is there for its person;
    /// better ones follow octave by octave. A newer avatar on its way ends the work on this one, and what was done is where
    /// the next one starts. On a file only the last avatar of each person is synthesized, so that its speed is that of the
    /// rest.
    func synthesize(
        _ avatars: Edge<FinishedAvatar>, into complete: Edge<FinishedAvatar>, atlas: TextureAtlas,
        from start: Checkpoint, keeper: StateKeeper, stop: StopSignal
    ) async {
        guard configuration.texture.synthesis, let contents = models.faces else {
            while let avatar = await avatars.next() { guard await complete.send(avatar) else { return } }
            return
        }
        let synthesizer = TextureSynthesizer(
            atlas: atlas, contents: contents, size: configuration.texture.synthesisSize)
        var people: [Int: Synthesized] = [:]
        for (p, person) in start.people.enumerated() {
            guard let known = person.synthesis, synthesizer.canGoOn(from: known.state) else { continue }
            people[p] = Synthesized(state: known.state, coverage: known.coverage)
        }
        while let avatar = await avatars.next() {
            var known = people[avatar.made.person] ?? Synthesized()
            let first = finished(avatar, synthesizer, known.shown)
            // A file's last avatar is published once, complete.
            let whole = avatar.made.final && !settings.isLive
            if !whole { guard await complete.send(first) else { return } }
            guard (settings.isLive && !avatar.made.final) || whole, !stop.isGiven else {
                if whole { guard await complete.send(first) else { return } }
                continue
            }
            // The face has not changed enough for other statistics.
            if known.state?.detail.size == synthesizer.size, abs(avatar.quality.coverage - known.coverage) < 0.01 {
                continue
            }
            // Of several stations one synthesizes at a time: memory is that of one, however many there are.
            avatars.isResting()
            guard await turns.take() else { return }
            avatars.isGettingOn()
            let start = ContinuousClock.now
            var finest: TextureSynthesizer.State?
            let budget = Duration.seconds(configuration.texture.synthesisSeconds)
            let interrupted = {
                stop.isGiven || (settings.isLive && avatars.isWaiting) || ContinuousClock.now - start > budget
            }
            let density = pixelsPerMetre(avatar.made.keyframes)
            func goesOn(_ step: DetailSynthesis.Step) -> Bool {
                avatars.isGettingOn()
                report.update {
                    $0.synthesizing =
                        "\(step.size)², part \(step.window + 1) of \(step.windows), step \(step.evaluation)"
                }
                return !interrupted()
            }
            // Whoever watches a camera need not wait for the finest octave, nor at first for a whole one.
            if settings.isLive, known.state == nil,
                let sketch = synthesizer.sketch(of: avatar.texture, pixelsPerMetre: density, goOn: goesOn)
            {
                logger.debug("sketched", metadata: ["seconds": "\(ContinuousClock.now - start)"])
                known.sketch = sketch
                complete.offer(finished(avatar, synthesizer, sketch))
            }
            _ = synthesizer.state(
                of: avatar.texture, pixelsPerMetre: density, from: known.state,
                octave: {
                    finest = $0
                    guard !interrupted() else { return false }
                    // A coarse result does not replace a fine one.
                    let (size, known) = ($0.detail.size, known.state?.detail.size ?? 0)
                    if settings.isLive, size < synthesizer.size, size >= known {
                        complete.offer(finished(avatar, synthesizer, $0))
                    }
                    return true
                }, goOn: goesOn)
            turns.give()
            report.worked("synthesize", since: start)
            report.update { $0.synthesizing = nil }
            if let last = finest, last.detail.size >= known.state?.detail.size ?? 0 {
                (known.state, known.sketch) = (last, nil)
                known.coverage = last.detail.size == synthesizer.size ? avatar.quality.coverage : -1
                logger.debug(
                    "synthesized",
                    metadata: [
                        "texels": "\(last.detail.size)", "seconds": "\(ContinuousClock.now - start)",
                        "faces": "\(last.effectiveFaces)", "residual": "\(last.residual)",
                    ])
                report.update { $0.syntheses += 1 }
                keeper.synthesized(
                    Checkpoint.Synthesis(state: last, coverage: known.coverage), person: avatar.made.person)
            }
            people[avatar.made.person] = known
            guard await complete.send(finished(avatar, synthesizer, known.shown)) else { return }
        }
    }

    /// Of the upper quarter of the keyframes: each place shows its best view.
    private func pixelsPerMetre(_ keyframes: [Keyframe]) -> Double {
        let sorted = keyframes.map(\.interEyePixels).sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted[sorted.count * 3 / 4] / 0.063
    }

    private func finished(
        _ avatar: FinishedAvatar, _ synthesizer: TextureSynthesizer, _ state: TextureSynthesizer.State?
    ) -> FinishedAvatar {
        guard let state else { return avatar }
        var result = avatar
        // Where texels come from is told at the size they were seen at.
        result.setOrigins(refinement: synthesizer.refinement(with: state))
        result.texture = synthesizer.texture(avatar.texture, with: state)
        result.avatar.skin = result.texture.baseColor()
        result.synthesis = SynthesisReport(state)
        result.quality.synthesis = synthesizer.shareDone(in: state)
        return result
    }
}
