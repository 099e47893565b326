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
        if let closed = c.closed { parts.insert(closed.rawValue, at: 0) }
        if let now = c.synthesizing { parts.append("synthesizing \(now)") }
        return parts.joined(separator: "  ")
    }

    /// Several lines: what came in, what was used, what was not and why, what came out.
    package static func summary(_ c: Counters, seconds: Double, output: String?) -> String {
        var lines = [
            "read \(c.framesRead) frames, \(fixed(c.streamTime, 1)) s of stream, in \(fixed(seconds, 1)) s"
                + (c.framesDropped > 0 ? "; \(c.framesDropped) dropped for newer ones" : "")
                + (c.packetsCorrupt > 0 ? "; \(c.packetsCorrupt) damaged packets skipped" : ""),
            "a face in \(c.framesWithFace) of \(c.framesObserved) observed frames",
            "kept \(c.keyframes) keyframes (\(c.keyframesKept) taken in all)",
        ]
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
