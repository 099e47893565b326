internal import Face
internal import Logging

extension Pipeline {
    /// Keyframe events → joint fits, at most one per interval of stream time and a last one at the end.
    func fit(_ events: Edge<KeyframeEvent>, into fits: Edge<FittedKeyframes>, newest: Latest<FittedKeyframes>) async {
        var set = KeyframeSet()
        var cadence = Cadence(interval: configuration.fitting.intervalSeconds, growth: 0.35)
        var estimator = ShapeEstimator(model: models.head)
        var latest: FittedKeyframes?
        while let event = await events.next() {
            if set.apply(event) { cadence.changed() }
            guard cadence.isDue(at: event.time) else { continue }
            let fitted = fit(set, with: &estimator, time: event.time)
            latest = fitted
            newest.set(fitted)
            guard await fits.send(fitted) else { return }
        }
        if cadence.isDue(at: 0, final: true) { latest = fit(set, with: &estimator, time: report.now.streamTime) }
        if var last = latest {
            last.time = report.now.streamTime
            last.final = true
            _ = await fits.send(last)
        }
    }

    private func fit(
        _ set: KeyframeSet, with estimator: inout ShapeEstimator, time: Double
    ) -> FittedKeyframes {
        let fit = estimator.absorb(keyframes: set.keyframes)
        let reprojection = fit.reprojection(set.keyframes)
        report.update {
            $0.fits += 1
            $0.fitDeviation = fit.deviation.surface
            $0.reprojection = reprojection ?? $0.reprojection
        }
        logger.debug(
            "fit", metadata: ["keyframes": "\(set.keyframes.count)", "deviation_mm": "\(fit.deviation.surface)"])
        return FittedKeyframes(time: time, fit: fit, keyframes: set.keyframes, final: false)
    }
}
