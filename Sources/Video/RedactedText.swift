internal import Foundation
internal import Synchronization

/// Whole messages, of FFmpeg or of our own: known secrets and what stands in URLs goes, however it is written.
extension Redaction {
    /// Secrets in use, as bytes. Process-wide, since whoever writes a log line does not know whose source it is about.
    private static let known = Mutex<Set<[UInt8]>>([])

    /// From now on no message shows this. Secrets of less than four bytes are only cut out of URLs, or every message would be
    /// full of holes.
    package static func remember(_ secret: String) {
        let bytes = decoded([UInt8](secret.utf8).enumerated().map { Unit(byte: $1, from: $0, to: $0 + 1) }).map(\.byte)
        known.withLock { known in
            for form in [[UInt8](secret.utf8), bytes] where form.count >= 4 { known.insert(form) }
        }
    }

    /// Remembers the password of an address that is about to be opened, also as HTTP's basic authentication writes it.
    package static func remember(address: String) {
        guard let at = address.lastIndex(of: "@"), url(address) != address else { return }
        let start = address.range(of: "://")?.upperBound ?? address.startIndex
        guard start < at else { return }
        let userInfo = String(address[start..<at])
        remember(Data((userInfo.removingPercentEncoding ?? userInfo).utf8).base64EncodedString())
        guard let colon = userInfo.firstIndex(of: ":") else { return remember(userInfo) }
        remember(userInfo)
        remember(String(userInfo[userInfo.index(after: colon)...]))
    }

    /// The message without secrets: those that are known, and in anything that looks like a URL the user name, the password
    /// and the query; also where they are percent-encoded, wholly, in part or twice.
    package static func text(_ message: String) -> String {
        let original = [UInt8](message.utf8)
        var units = original.enumerated().map { Unit(byte: $1, from: $0, to: $0 + 1) }
        var isHidden = [Bool](repeating: false, count: original.count)
        let secrets = known.withLock { $0 }
        // As it is, decoded, and decoded twice.
        for _ in 0..<3 {
            for secret in secrets {
                for start in occurrences(of: secret, in: units) { hide(units[start..<start + secret.count], &isHidden) }
            }
            var end = 0
            // All of a word is looked at with its first `://`; doing it with each would take its length squared.
            for start in occurrences(of: Array("://".utf8), in: units) where start >= end {
                end = hideUserInfo(units[(start + 3)...], &isHidden)
            }
            let next = decoded(units)
            if next.count == units.count { break }
            units = next
        }
        let hasAddress = message.contains("://")
        guard isHidden.contains(true) else { return hasAddress ? withoutAssignments(message) : message }
        var result: [UInt8] = []
        for (index, byte) in original.enumerated() {
            if !isHidden[index] {
                result.append(byte)
            } else if index == 0 || !isHidden[index - 1] {
                result += "…".utf8
            }
        }
        let rest = String(decoding: result, as: UTF8.self)
        return hasAddress ? withoutAssignments(rest) : rest
    }

    /// A byte of the text, or of what it decodes to, and the bytes of the text that it stands for.
    private struct Unit {
        let byte: UInt8
        let from: Int
        let to: Int
    }

    private static func hide(_ units: ArraySlice<Unit>, _ isHidden: inout [Bool]) {
        for unit in units { for index in unit.from..<unit.to { isHidden[index] = true } }
    }

    /// - Parameter units: what follows `://`.
    /// - Returns: where the word ends.
    private static func hideUserInfo(_ units: ArraySlice<Unit>, _ isHidden: inout [Bool]) -> Int {
        let ends = Array(" \t\r\n\"'<>|".utf8)
        let end = units.firstIndex { ends.contains($0.byte) && $0.to == $0.from + 1 } ?? units.endIndex
        let word = units[..<end]
        let host: Int
        if let at = word.lastIndex(where: { $0.byte == UInt8(ascii: "@") }) {
            hide(word[..<at], &isHidden)
            host = at
        } else {
            host = word.startIndex
        }
        if let query = word[host...].firstIndex(where: { $0.byte == UInt8(ascii: "?") }) {
            hide(word[query...].dropFirst(), &isHidden)
        }
        return end
    }

    private static func occurrences(of needle: [UInt8], in units: [Unit]) -> [Int] {
        guard let first = needle.first, units.count >= needle.count else { return [] }
        return (0...(units.count - needle.count)).filter { start in
            units[start].byte == first && needle.indices.allSatisfy { units[start + $0].byte == needle[$0] }
        }
    }

    private static func decoded(_ units: [Unit]) -> [Unit] {
        var result: [Unit] = []
        var index = 0
        while index < units.count {
            let unit = units[index]
            if unit.byte == UInt8(ascii: "%"), index + 2 < units.count, let high = digit(units[index + 1].byte),
                let low = digit(units[index + 2].byte)
            {
                result.append(Unit(byte: high << 4 | low, from: unit.from, to: units[index + 2].to))
                index += 3
            } else {
                result.append(unit)
                index += 1
            }
        }
        return result
    }

    private static func digit(_ byte: UInt8) -> UInt8? { Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init) }
}
