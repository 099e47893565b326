internal import Face
internal import Logging

extension Pipeline {
    /// What fitting knows of one person.
    private struct Fitted {
        var set = KeyframeSet()
        var cadence: Cadence
        var estimator: ShapeEstimator
        var latest: FittedKeyframes?
    }

    /// Keyframe events → joint fits, at most one per person and interval of stream time, and a last one at the end.
    /// What a checkpoint has goes on at once.
    func fit(
        _ events: Edge<KeyframeEvent>, into fits: Edge<FittedKeyframes>, newest: Latest<FittedKeyframes>,
        from start: Checkpoint, keeper: StateKeeper
    ) async {
        let fresh = Fitted(
            cadence: Cadence(interval: configuration.fitting.intervalSeconds, growth: 0.35),
            estimator: ShapeEstimator(model: models.head))
        var people = start.people.enumerated().map { resumed(fresh, $1, person: $0, time: start.streamSeconds) }
        for p in people.indices {
            // Of a checkpoint that was written before its fit.
            if people[p].cadence.isDue(at: start.streamSeconds) {
                _ = fit(&people[p], person: p, time: start.streamSeconds, keeper)
            }
            guard let fitted = people[p].latest else { continue }
            newest.set(fitted)
            guard await fits.send(fitted) else { return }
        }
        while let event = await events.next() {
            while people.count <= event.person { people.append(fresh) }
            if people[event.person].set.apply(event) { people[event.person].cadence.changed() }
            for p in people.indices where people[p].cadence.isDue(at: event.time) {
                let fitted = fit(&people[p], person: p, time: event.time, keeper)
                newest.set(fitted)
                guard await fits.send(fitted) else { return }
            }
        }
        for p in people.indices {
            if people[p].cadence.isDue(at: 0, final: true) {
                _ = fit(&people[p], person: p, time: report.now.streamTime, keeper)
            }
            guard var last = people[p].latest else { continue }
            last.time = report.now.streamTime
            last.final = true
            _ = await fits.send(last)
        }
    }

    private func resumed(_ fresh: Fitted, _ known: Checkpoint.Person, person: Int, time: Double) -> Fitted {
        var fitted = fresh
        fitted.set = KeyframeSet(known.keyframes)
        guard !known.keyframes.isEmpty else { return fitted }
        let viewed = known.keyframes.filter { keyframe in
            known.fit?.views.contains { $0.frame == keyframe.frame } ?? false
        }
        if viewed.count < known.keyframes.count || known.fit?.views.count != viewed.count { fitted.cadence.changed() }
        guard let fit = known.fit else { return fitted }
        fitted.estimator.resume(from: fit, isDense: known.isDense)
        if !viewed.isEmpty {
            fitted.latest = FittedKeyframes(time: time, person: person, fit: fit, keyframes: viewed, final: false)
        }
        return fitted
    }

    private func fit(
        _ fitted: inout Fitted, person: Int, time: Double, _ keeper: StateKeeper
    ) -> FittedKeyframes {
        let start = ContinuousClock.now
        let keyframes = fitted.set.keyframes
        let fit = fitted.estimator.absorb(keyframes: keyframes)
        let reprojection = fit.reprojection(keyframes)
        report.worked("fit", since: start)
        report.update {
            $0.fits += 1
            $0.fitDeviation = fit.deviation.surface
            $0.reprojection = reprojection ?? $0.reprojection
        }
        logger.debug("fit", metadata: ["keyframes": "\(keyframes.count)", "deviation_mm": "\(fit.deviation.surface)"])
        let result = FittedKeyframes(time: time, person: person, fit: fit, keyframes: keyframes, final: false)
        fitted.latest = result
        keeper.fitted(fit, isDense: fitted.estimator.isDense, person: person)
        return result
    }
}
