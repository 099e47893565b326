internal import Face

extension Pipeline {
    /// Fits → textured avatars, ever further apart, and a last one at the end.
    func texture(_ fits: Edge<FittedKeyframes>, into avatars: Edge<FinishedAvatar>) async {
        var cadence = Cadence(interval: configuration.texture.intervalSeconds, growth: 0.4)
        var maker = AvatarMaker(model: models.head, textureSize: configuration.texture.size)
        var latest: FinishedAvatar?
        while let fitted = await fits.next() {
            if fitted.fit.revision != latest?.made.fit.revision { cadence.changed() }
            if cadence.isDue(at: fitted.time, final: fitted.final) {
                latest = maker.avatar(of: fitted)
                report.update {
                    $0.textures += 1
                    $0.coverage = latest?.quality.coverage
                }
            } else if fitted.final, latest != nil {
                latest?.made.time = fitted.time
                latest?.made.final = true
            } else {
                continue
            }
            if let latest, await !avatars.send(latest) { return }
        }
        report.update { $0.fitsSuperseded = fits.lost }
    }
}
