internal import Foundation

/// A GLB file: one JSON chunk and one binary chunk (glTF 2.0, chapter 4, "GLB File Format Specification").
package struct BinaryContainer: Sendable, Equatable {
    package var document: Document
    /// Buffer 0.
    package var binary: [UInt8]

    package init(document: Document, binary: [UInt8]) {
        self.document = document
        self.binary = binary
    }

    static let magic: UInt32 = 0x4654_6C67
    static let jsonType: UInt32 = 0x4E4F_534A
    static let binaryType: UInt32 = 0x004E_4942

    /// The file's bytes; equal containers give equal bytes.
    package func encoded() throws(GLTFError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var json: [UInt8]
        do { json = [UInt8](try encoder.encode(document)) } catch { throw .json("\(error)") }
        while json.count % 4 != 0 { json.append(0x20) }
        let padding = (4 - binary.count % 4) % 4
        let total = 12 + 8 + json.count + (binary.isEmpty ? 0 : 8 + binary.count + padding)
        guard total <= Int(UInt32.max) else { throw .container("\(total) bytes are more than a GLB can hold") }
        var file: [UInt8] = []
        file.reserveCapacity(total)
        for word in [Self.magic, 2, UInt32(total), UInt32(json.count), Self.jsonType] {
            file.append(littleEndian: word)
        }
        file += json
        if !binary.isEmpty {
            file.append(littleEndian: UInt32(binary.count + padding))
            file.append(littleEndian: Self.binaryType)
            file += binary
            file += [UInt8](repeating: 0, count: padding)
        }
        return file
    }

    /// Reads a file; checks the container and the schema. Accessors are checked when they are read.
    package init(_ file: [UInt8]) throws(GLTFError) {
        let chunks = try Self.chunks(file)
        do { document = try JSONDecoder().decode(Document.self, from: Data(file[chunks.json])) } catch {
            throw .json(Self.sentence(error))
        }
        binary = chunks.binary.map { Array(file[$0]) } ?? []
        guard document.asset.version == "2.0" else { throw .unsupported("version \(document.asset.version)") }
        guard document.extensionsRequired.isEmpty else {
            throw .unsupported("extension \(document.extensionsRequired[0])")
        }
        if let buffer = document.buffers.first {
            guard buffer.uri == nil else { throw .unsupported("an external buffer") }
            guard buffer.byteLength >= 0, buffer.byteLength <= binary.count else {
                throw .reference(
                    pointer: "/buffers/0", "\(buffer.byteLength) bytes, but the file holds \(binary.count)")
            }
            binary.removeLast(binary.count - buffer.byteLength)
        }
        guard document.buffers.count <= 1 else { throw .unsupported("more than one buffer") }
    }

    /// Where the JSON and the binary lie in the file.
    static func chunks(_ file: [UInt8]) throws(GLTFError) -> (json: Range<Int>, binary: Range<Int>?) {
        guard file.count >= 20 else { throw .container("\(file.count) bytes are no GLB") }
        guard file.word(at: 0) == magic else { throw .container("the file does not begin with glTF") }
        guard file.word(at: 4) == 2 else { throw .unsupported("container version \(file.word(at: 4))") }
        guard file.word(at: 8) == file.count else {
            throw .container("the header says \(file.word(at: 8)) bytes, the file has \(file.count)")
        }
        var json: Range<Int>?
        var binary: Range<Int>?
        var at = 12
        var index = 0
        while at < file.count {
            guard at + 8 <= file.count else { throw .container("chunk \(index) has no header") }
            let length = Int(file.word(at: at))
            let type = file.word(at: at + 4)
            guard length <= file.count - at - 8 else { throw .container("chunk \(index) ends after the file") }
            guard length % 4 == 0 else { throw .container("chunk \(index)'s length is no multiple of 4") }
            let range = at + 8..<at + 8 + length
            if index == 0 {
                guard type == jsonType else { throw .container("the first chunk is not JSON") }
                json = range
            } else if index == 1, type == binaryType {
                binary = range
            } else if type == jsonType || type == binaryType {
                throw .container("chunk \(index) is out of place")
            }
            at = range.upperBound
            index += 1
        }
        guard let json else { throw .container("no JSON") }
        return (json, binary)
    }

    private static func sentence(_ error: any Error) -> String {
        func path(_ context: DecodingError.Context) -> String {
            "/" + context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: "/")
        }
        return switch error as? DecodingError {
        case .keyNotFound(let key, let context)?: "\(path(context)) lacks \(key.stringValue)"
        case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?, .dataCorrupted(let context)?:
            "\(path(context)): \(context.debugDescription)"
        default: "\(error)"
        }
    }
}

extension [UInt8] {
    package mutating func append(littleEndian word: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) { append(UInt8(truncatingIfNeeded: word >> shift)) }
    }

    package mutating func append(littleEndian word: UInt16) {
        append(UInt8(truncatingIfNeeded: word))
        append(UInt8(truncatingIfNeeded: word >> 8))
    }

    func word(at i: Int) -> UInt32 {
        UInt32(self[i]) | UInt32(self[i + 1]) << 8 | UInt32(self[i + 2]) << 16 | UInt32(self[i + 3]) << 24
    }
}
