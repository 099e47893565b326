internal import Foundation
internal import Video

/// The program's arguments, as every user of the machine can read them in /proc.
enum Arguments {
    /// Overwrites user names and passwords of addresses in place, once they are parsed. They were visible for a moment;
    /// `${NAME}` never is.
    static func hideSecrets() {
        for index in 1..<max(Int(CommandLine.argc), 1) {
            guard let argument = CommandLine.unsafeArgv[index] else { continue }
            hide(in: UnsafeMutableBufferPointer(start: argument, count: strlen(argument)))
        }
    }

    private static func hide(in argument: UnsafeMutableBufferPointer<CChar>) {
        let text = String(decoding: argument.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // What follows `--source=` or `--set source=`.
        let address = text.range(of: "=").map {
            text[..<$0.upperBound].contains("://") ? text : String(text[$0.upperBound...])
        }
        guard Redaction.url(address ?? text) != address ?? text, !text.contains("${") else { return }
        func fill(_ range: Range<Int>) { for index in range { argument[index] = CChar(UInt8(ascii: "*")) } }
        let bytes = Array(text.utf8)
        guard bytes.count == argument.count else { return fill(0..<argument.count) }
        let start = text.range(of: "://").map { text.utf8.distance(from: text.startIndex, to: $0.upperBound) } ?? 0
        let at = bytes.lastIndex(of: UInt8(ascii: "@"))
        if let at, at > start { fill(start..<at) }
        // A query, or assignments in the path.
        let host = max(at ?? start, start)
        if let end = bytes[host...].firstIndex(where: { "/?#".utf8.contains($0) }) { fill(end + 1..<bytes.count) }
    }
}
