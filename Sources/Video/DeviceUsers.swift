internal import Foundation

/// Who else has a device open, as far as this process may look: another user's programs are hidden from it.
enum DeviceUsers {
    /// "in use by obs (process 4711)"; where nobody can be seen, how to find out.
    static func text(of path: String) -> String? {
        guard let device = realPath(path) else { return nil }
        let own = "\(ProcessInfo.processInfo.processIdentifier)"
        let files = FileManager.default
        var users: [String] = []
        for process in (try? files.contentsOfDirectory(atPath: "/proc")) ?? []
        where process != own && process.allSatisfy(\.isNumber) {
            let opened = (try? files.contentsOfDirectory(atPath: "/proc/\(process)/fd")) ?? []
            let holds = opened.contains {
                (try? files.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\($0)")) == device
            }
            guard holds else { continue }
            let name = (try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)) ?? "a program"
            users.append("\(name.trimmingCharacters(in: .whitespacesAndNewlines)) (process \(process))")
        }
        if users.isEmpty { return "'fuser -v \(device)' as root tells which" }
        return "in use by \(users.joined(separator: ", "))"
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
