package import Foundation

/// A file of weights that cannot be used; one line with the remedy.
package struct SafeTensorsError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Named tensors of a safetensors file (github.com/huggingface/safetensors, "Format"):
///
///     UInt64, little-endian: n; n bytes of JSON; data
///     {"name": {"dtype": "F32", "shape": [64, 3, 3, 3], "data_offsets": [begin, end]}, …, "__metadata__": {…}}
///
/// Nothing that the file claims is believed before it is checked against its length. Only the header is read at first,
/// so of a mapped file no more than what is asked for comes into memory.
package struct SafeTensors: Sendable {
    /// Where one tensor lies.
    package struct Entry: Sendable, Equatable {
        /// "F32", "F16", "BF16"; others are listed too but have no `floats`.
        package let type: String
        package let shape: [Int]
        /// Bytes from the file's first.
        fileprivate let range: Range<Int>
    }

    package let entries: [String: Entry]
    private let file: Data

    /// Headers of the largest known models have half of this.
    private static let longestHeader = 16 << 20

    package init(_ file: Data) throws(SafeTensorsError) {
        guard file.count >= 10 else { throw Self.damaged("it has \(file.count) bytes") }
        let length = UInt64(
            littleEndian: file.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self) })
        guard length <= UInt64(Self.longestHeader) else { throw Self.damaged("its header claims \(length) bytes") }
        guard length >= 2, Int(length) <= file.count - 8 else {
            throw Self.damaged("its header claims \(length) of \(file.count) bytes")
        }
        let start = 8 + Int(length)
        let json = file[file.startIndex + 8..<file.startIndex + start]
        guard json.first == UInt8(ascii: "{"), let header = try? JSONDecoder().decode(Header.self, from: json) else {
            throw Self.damaged("its header is not the JSON of one")
        }
        var entries: [String: Entry] = [:]
        for (name, claim) in header.claims {
            guard let range = claim.range(of: file.count - start) else {
                throw Self.damaged(
                    "\(Self.quoted(name)) claims bytes \(claim.offsets.prefix(3)) of \(file.count - start) for shape "
                        + "\(Self.text(claim.shape)) of \(Self.quoted(claim.type))")
            }
            entries[name] = Entry(
                type: claim.type, shape: claim.shape, range: range.lowerBound + start..<range.upperBound + start)
        }
        let sorted = entries.filter { !$0.value.range.isEmpty }.sorted {
            $0.value.range.lowerBound < $1.value.range.lowerBound
        }
        for (a, b) in zip(sorted, sorted.dropFirst()) where b.value.range.lowerBound < a.value.range.upperBound {
            throw Self.damaged("\(Self.quoted(a.key)) and \(Self.quoted(b.key)) overlap")
        }
        self.entries = entries
        self.file = file
    }

    /// A tensor's values, last index fastest.
    /// - Throws: when there is none of this name, or it has another shape, another type, or values that are not finite.
    package func floats(_ name: String, shape: [Int]) throws(SafeTensorsError) -> [Float] {
        guard let entry = entries[name] else {
            throw SafeTensorsError("there is no tensor \(Self.quoted(name)): give a file of the network that has it")
        }
        guard entry.shape == shape else {
            throw SafeTensorsError(
                "tensor \(Self.quoted(name)) has shape \(Self.text(entry.shape)), not \(Self.text(shape)): "
                    + "give a file of the network that has it so")
        }
        let values: [Float]? = file.withUnsafeBytes { file in
            let bytes = UnsafeRawBufferPointer(rebasing: file[entry.range])
            func word(_ i: Int) -> UInt16 {
                UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
            }
            switch entry.type {
            case "F32":
                return (0..<bytes.count / 4).map {
                    Float(
                        bitPattern: UInt32(
                            littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
                }
            case "F16": return (0..<bytes.count / 2).map { Self.half(word($0)) }
            case "BF16": return (0..<bytes.count / 2).map { Float(bitPattern: UInt32(word($0)) << 16) }
            default: return nil
            }
        }
        guard let values else {
            throw SafeTensorsError(
                "tensor \(Self.quoted(name)) is of type \(Self.quoted(entry.type)): convert it to F32, F16 or BF16")
        }
        guard values.allSatisfy(\.isFinite) else {
            throw SafeTensorsError("tensor \(Self.quoted(name)) holds values that are not finite: take another file")
        }
        return values
    }

    /// IEEE 754's binary16. (`Float16` is not there on every architecture.)
    private static func half(_ bits: UInt16) -> Float {
        let (exponent, fraction) = (Int(bits >> 10 & 31), UInt32(bits & 1023))
        let magnitude: Float =
            switch exponent {
            case 0: Float(fraction) * 0x1p-24
            case 31: fraction == 0 ? .infinity : .nan
            default: Float(bitPattern: UInt32(exponent + 112) << 23 | fraction << 13)
            }
        return bits >> 15 == 0 ? magnitude : -magnitude
    }

    private static func damaged(_ what: String) -> SafeTensorsError {
        SafeTensorsError("this is no whole safetensors file, since \(what): copy or convert it again")
    }

    /// A name out of a file, which may hold anything, for one line.
    private static func quoted(_ name: String) -> String { String(name.prefix(80)).debugDescription }

    private static func text(_ shape: [Int]) -> String {
        shape.isEmpty ? "()" : shape.prefix(8).map { "\($0)" }.joined(separator: "×") + (shape.count > 8 ? "…" : "")
    }

    private struct Header: Decodable {
        var claims: [String: Claim] = [:]

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Name.self)
            for key in container.allKeys where key.stringValue != "__metadata__" {
                claims[key.stringValue] = try container.decode(Claim.self, forKey: key)
            }
        }
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// What the header says of one tensor.
    private struct Claim: Decodable {
        let type: String
        let shape: [Int]
        let offsets: [Int]

        enum CodingKeys: String, CodingKey {
            case type = "dtype"
            case shape
            case offsets = "data_offsets"
        }

        /// Its bytes, from the data's first; `nil` where they do not lie in the data or do not fit the shape.
        func range(of length: Int) -> Range<Int>? {
            guard offsets.count == 2, 0 <= offsets[0], offsets[0] <= offsets[1], offsets[1] <= length else {
                return nil
            }
            var size = ["F32": 4, "F16": 2, "BF16": 2][type] ?? 0
            for dimension in shape {
                let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
                guard dimension >= 0, !overflow else { return nil }
                size = product
            }
            // How large a value of another type is does not matter, since none is ever read.
            guard size == offsets[1] - offsets[0] || !["F32", "F16", "BF16"].contains(type) else { return nil }
            return offsets[0]..<offsets[1]
        }
    }
}
