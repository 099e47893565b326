package import Face
internal import Foundation
internal import Tensors

/// Looks over what a run left, as the next run would find it: for tests and for the bench of kills.
package struct StateCheck: Sendable {
    /// What is wrong, a line each.
    package private(set) var problems: [String] = []
    package private(set) var edition = 0
    /// Of the published edition.
    package private(set) var score = 0.0
    package private(set) var keyframes = 0

    /// - Parameters:
    ///   - state: `nil` to look at the publications only.
    ///   - source: redacted, as the run was told.
    package init(
        output: String, subject: String, state: String?, source: String, model: MorphableModel, digest: String
    ) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
        for name in names where name.hasSuffix(".glb") && !name.hasPrefix(".") {
            guard let bytes = try? AtomicFile.read("\(output)/\(name)"), (try? Avatar(glb: bytes)) != nil else {
                problems.append("\(name) is no whole avatar")
                continue
            }
        }
        for name in names where name.hasSuffix(".json") && !name.hasPrefix(".") {
            guard let manifest = AvatarDirectory.manifest("\(output)/\(name)") else {
                problems.append("\(name) is no whole manifest")
                continue
            }
            guard name == "\(subject).json" else { continue }
            (edition, score) = (manifest.edition, manifest.quality.score)
            guard let named = try? AtomicFile.read("\(output)/\(manifest.file)"),
                SHA256.hex(of: named) == manifest.sha256
            else {
                problems.append("the manifest names \(manifest.file), which is another file")
                continue
            }
        }
        guard let state, FileManager.default.fileExists(atPath: state) else { return }
        do {
            let loaded = try StateDirectory(path: state, subject: subject).load(
                head: digest, model: model, source: source)
            problems += loaded.lines
            keyframes = loaded.checkpoint?.keyframeCount ?? 0
        } catch {
            problems.append("\(error)")
        }
    }
}
