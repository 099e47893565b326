internal import Foundation

/// What the whole process takes of the machine.
struct ProcessFigures: Sendable {
    var residentBytes = 0
    var cpuSeconds = 0.0
    var threads = 0
    var openFiles = 0
    /// Of the Unix epoch.
    var startSeconds = 0.0

    /// From /proc; what it does not tell is 0.
    static func now() -> ProcessFigures {
        var figures = ProcessFigures()
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        // After the name in parentheses, which may hold anything; the third field is the first after it (proc(5)).
        let text = (try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8)) ?? ""
        let fields = text.suffix(from: text.lastIndex(of: ")") ?? text.startIndex).split(separator: " ").dropFirst()
        func field(_ number: Int) -> Double {
            let index = fields.startIndex + number - 3
            return fields.indices.contains(index) ? Double(fields[index]) ?? 0 : 0
        }
        figures.cpuSeconds = (field(14) + field(15)) / ticks
        figures.threads = Int(field(20))
        figures.residentBytes = Int(field(24)) * sysconf(Int32(_SC_PAGESIZE))
        figures.openFiles = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        let boot = ((try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? "").split(separator: "\n")
            .first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
        figures.startSeconds = (boot ?? 0) + field(22) / ticks
        return figures
    }
}
