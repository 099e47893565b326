internal import Face
internal import Logging

extension Pipeline {
    /// What texturing knows of one person.
    private struct Textured {
        var cadence: Cadence
        var maker: AvatarMaker
        var latest: FinishedAvatar?
    }

    /// Fits → textured avatars, ever further apart, and a last one of each person at the end.
    func texture(_ fits: Edge<FittedKeyframes>, into avatars: Edge<FinishedAvatar>, atlas: TextureAtlas) async {
        let fresh = Textured(
            cadence: Cadence(interval: configuration.texture.intervalSeconds, growth: 0.4),
            maker: AvatarMaker(atlas: atlas, albedo: models.albedo))
        var people: [Textured] = []
        var segmenter = models.segmenter.take()
        defer { models.segmenter.giveBack(segmenter) }
        while let fitted = await fits.next() {
            let p = fitted.person
            while people.count <= p { people.append(fresh) }
            if fitted.fit.revision != people[p].latest?.made.fit.revision { people[p].cadence.changed() }
            if people[p].cadence.isDue(at: fitted.time, final: fitted.final) {
                let start = ContinuousClock.now
                let avatar = people[p].maker.avatar(of: fitted, segmenter: &segmenter)
                report.worked("texture", since: start)
                if avatar.quality.coloursInferred == true, people[p].latest?.quality.coloursInferred == nil {
                    logger.notice("the pictures have no colours: skin gets those that go with its luminance")
                }
                people[p].latest = avatar
                report.update {
                    $0.textures += 1
                    $0.coverage = avatar.quality.coverage
                }
            } else if fitted.final, people[p].latest != nil {
                people[p].latest?.made.time = fitted.time
                people[p].latest?.made.final = true
            } else {
                continue
            }
            if let latest = people[p].latest, await !avatars.send(latest) { return }
        }
        report.update { $0.fitsSuperseded = fits.lost }
    }
}
