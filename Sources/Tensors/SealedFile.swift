/// The frame of our binary files: eight letters that say what it is, a version, what it holds, a digest of all that.
///
///     8 bytes magic  UInt32 version  …  32 bytes: SHA-256 of all before, as text of its first 32 digits
///
/// Made for files that anybody could have written: what is in one is believed only after the digest, and the digest is no
/// promise of good will, so that whoever reads the contents still checks every number.
package enum SealedFile {
    /// Why a file is not read, before its contents are looked at.
    package enum Fault: Error, Sendable, Equatable {
        /// It begins otherwise.
        case foreign
        /// It is not what was written.
        case damaged
        /// It is whole, and of a version that the reader does not know.
        case version(UInt32)
    }

    private static let digits = 32
    private static let magicLength = 8

    /// A writer that `sealed` finishes.
    package static func begin(_ magic: String, version: UInt32) -> LittleEndianWriter {
        precondition(magic.utf8.count == magicLength, "'\(magic)' has not \(magicLength) bytes")
        var out = LittleEndianWriter(Array(magic.utf8))
        out.put([version])
        return out
    }

    package static func sealed(_ out: LittleEndianWriter) -> [UInt8] {
        out.bytes + Array(SHA256.hex(of: out.bytes).utf8.prefix(digits))
    }

    /// Checks all but the contents.
    /// - Returns: a reader that stands behind the version and ends before the digest.
    package static func open(
        _ file: [UInt8], magic: String, version: UInt32
    ) throws(Fault) -> LittleEndianReader {
        guard file.count >= magicLength + 4 + digits, file.starts(with: Array(magic.utf8)) else { throw .foreign }
        let body = Array(file.dropLast(digits))
        guard SHA256.hex(of: body).utf8.prefix(digits).elementsEqual(file.suffix(digits)) else { throw .damaged }
        var input = LittleEndianReader(body, at: magicLength)
        guard let found = try? input.integers(1)[0] else { throw .foreign }
        guard found == version else { throw .version(found) }
        return input
    }

    /// The digest that a sealed file ends with: 32 hexadecimal digits. It names the contents.
    package static func digest(of file: [UInt8]) -> String { String(decoding: file.suffix(digits), as: UTF8.self) }
}
