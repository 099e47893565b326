internal import Foundation

/// Counters as one line for people, and as a summary at the end.
package enum StatusLine {
    /// `12.3 s  frames 369 (0 dropped)  face 361  keyframes 14 [0 1 3 6 3 1 0]  fit ±0.9 mm  seen 64 %  edition 3`
    package static func text(_ c: Counters) -> String {
        var parts = [
            "\(fixed(c.streamTime, 1)) s", "frames \(c.framesRead) (\(c.framesDropped) dropped)",
            "face in \(c.framesWithFace)",
            "keyframes \(c.keyframes) [\(c.keyframesPerYawBin.map(String.init).joined(separator: " "))]",
        ]
        if let deviation = c.fitDeviation { parts.append("fit ±\(fixed(deviation, 2)) mm") }
        if let coverage = c.coverage { parts.append("seen \(fixed(coverage * 100, 0)) %") }
        parts.append(c.edition.map { "edition \($0)" } ?? "no avatar yet")
        switch c.source {
        case .waiting, .refused, .opening: parts.insert("source \(source(c, at: .now))", at: 0)
        case .closed(let why): parts.insert(why.rawValue, at: 0)
        case .running, .ended: break
        }
        if let now = c.synthesizing { parts.append("synthesizing \(now)") }
        if let why = c.unpublished { parts.append(why) }
        return parts.joined(separator: "  ")
    }

    /// For a service manager: `camera running, face in view; seen 64 %, fit ±0.9 mm, edition 3`, or what the camera is down
    /// for, or how long nobody has been there.
    package static func service(_ c: Counters, at now: ContinuousClock.Instant) -> String {
        var parts = ["source \(source(c, at: now))"]
        if case .running = c.source { parts.append(face(c, at: now)) }
        var results: [String] = []
        if let coverage = c.coverage { results.append("seen \(fixed(coverage * 100, 0)) %") }
        if let deviation = c.fitDeviation { results.append("fit ±\(fixed(deviation, 2)) mm") }
        results.append(c.edition.map { "edition \($0)" } ?? "no avatar yet")
        if let why = c.unpublished { results.append(why) }
        return "\(parts.joined(separator: ", ")); \(results.joined(separator: ", "))"
    }

    /// "running", or why not.
    static func source(_ c: Counters, at now: ContinuousClock.Instant) -> String {
        switch c.source {
        case .ended: return c.source.name
        case .closed(let why): return "closed, \(why.rawValue)"
        case .opening: return c.lastFrame == nil && c.openingsFailed == 0 ? "opening" : "down, being opened"
        case .running:
            // Silence shows before it counts as a loss.
            let silent = c.lastFrame.map { seconds($0, now) } ?? 0
            return silent >= 2 ? "silent for \(silent) s" : "running"
        case .waiting(let why, let until): return "down, again in \(max(seconds(now, until), 0)) s: \(why)"
        case .refused(let why): return "refused: \(why)"
        }
    }

    private static func face(_ c: Counters, at now: ContinuousClock.Instant) -> String {
        guard let last = c.lastFace else { return "no face yet" }
        let since = seconds(last, now)
        return since >= 2 ? "no face for \(since) s" : "face in view"
    }

    private static func seconds(_ a: ContinuousClock.Instant, _ b: ContinuousClock.Instant) -> Int {
        Int((b - a).components.seconds)
    }

    /// Several lines: what came in, what was used, what was not and why, what came out.
    package static func summary(_ c: Counters, seconds: Double, output: String?) -> String {
        var lines = [
            "read \(c.framesRead) frames, \(fixed(c.streamTime, 1)) s of stream, in \(fixed(seconds, 1)) s"
                + (c.framesDropped > 0 ? "; \(c.framesDropped) dropped for newer ones" : "")
                + (c.packetsCorrupt > 0 ? "; \(c.packetsCorrupt) damaged packets skipped" : ""),
            c.losses + c.openingsFailed > 0
                ? "lost the source \(c.losses) times, opened it again \(c.reconnects) times, in vain \(c.openingsFailed) times"
                : "",
            "a face in \(c.framesWithFace) of \(c.framesObserved) observed frames",
            "kept \(c.keyframes) keyframes (\(c.keyframesKept) taken in all)",
        ]
        lines.removeAll(where: \.isEmpty)
        if !c.rejections.isEmpty {
            let reasons = c.rejections.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            lines.append("not used: " + reasons.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
        }
        lines.append(
            "made \(c.fits) fits (\(c.fitsSuperseded) superseded), \(c.textures) textures, \(c.syntheses) syntheses, \(c.publications) publications"
                + " (\(c.withheld) withheld as not better)")
        if let deviation = c.fitDeviation, let coverage = c.coverage {
            lines.append("shape ±\(fixed(deviation, 2)) mm, \(fixed(coverage * 100, 0)) % of the face seen")
        }
        if let reprojection = c.reprojection {
            lines.append(
                "landmarks \(fixed(reprojection * 100, 1)) % of the eyes' distance off in neutral frontal views")
        }
        if let first = c.firstPublicationTime, let start = c.firstKeyframeTime {
            lines.append("first avatar \(fixed(first - start, 1)) s of stream after the first good frame")
        }
        if let output { lines.append("avatar: \(output)") }
        return lines.joined(separator: "\n")
    }

    static func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
