internal import Foundation

/// Where models and presets are looked for, in this order: the option, the environment, the checkout that the program
/// was built in, the installed place.
package enum Places {
    package static func models(option: String?) -> String {
        option ?? environment("LIKENESS_MODELS") ?? firstDirectory(checkouts.map { $0 + "/models" })
            ?? "/usr/share/likeness/models"
    }

    package static func presets() -> [String] {
        if let directory = environment("LIKENESS_PRESETS") { return [directory] }
        return checkouts.map { $0 + "/Presets" } + ["/usr/share/likeness/Presets"]
    }

    /// Where checkpoints are kept: the configuration, systemd's state directory, beside the avatars.
    /// - Parameter keepsByDefault: of a camera; a file gives the same avatars each time, and keeps nothing unless asked to.
    /// - Returns: `nil` for none.
    package static func state(
        configured: String, output: String, keepsByDefault: Bool = true
    ) -> String? {
        if !configured.isEmpty { return configured == "none" ? nil : configured }
        guard keepsByDefault else { return nil }
        // systemd separates several by colons.
        let systemd = environment("STATE_DIRECTORY")?.split(separator: ":").first
        return systemd.map { $0 + "/state" } ?? usualState(output: output)
    }

    static func usualState(output: String) -> String { output + "/.likeness-state" }

    /// The folders above the executable that hold a `Package.swift`, and the current one.
    private static var checkouts: [String] {
        var folders = [FileManager.default.currentDirectoryPath]
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        var folder = (executable as NSString).deletingLastPathComponent
        while folder.count > 1 {
            folders.append(folder)
            folder = (folder as NSString).deletingLastPathComponent
        }
        return folders.filter { FileManager.default.fileExists(atPath: $0 + "/Package.swift") }
    }

    private static func firstDirectory(_ paths: [String]) -> String? {
        paths.first { FileManager.default.fileExists(atPath: $0) }
    }

    private static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}
