/// Writes numbers one after the other, least significant byte first.
package struct LittleEndianWriter {
    package var bytes: [UInt8]

    package init(_ magic: [UInt8]) { bytes = magic }

    package mutating func put(_ values: [UInt32]) {
        values.map(\.littleEndian).withUnsafeBytes { bytes += $0 }
    }
    package mutating func put(_ values: [Float]) { put(values.map(\.bitPattern)) }
    package mutating func put(_ values: [UInt64]) {
        values.map(\.littleEndian).withUnsafeBytes { bytes += $0 }
    }
    package mutating func put(_ values: [Double]) { put(values.map(\.bitPattern)) }
    package mutating func put(_ values: [Int16]) {
        values.map(\.littleEndian).withUnsafeBytes { bytes += $0 }
    }
    /// A number of bytes and those.
    package mutating func put(_ text: String) {
        put([UInt32(text.utf8.count)])
        bytes += text.utf8
    }
    package mutating func put(_ values: [Int8]) { bytes += values.map { UInt8(bitPattern: $0) } }
}

/// Reads what `LittleEndianWriter` wrote; what a damaged file claims is checked before it is believed.
package struct LittleEndianReader {
    package enum Damage: Error { case cutOff, outOfRange }

    private let all: [UInt8]
    private var at: Int

    package init(_ bytes: [UInt8], at: Int) { (all, self.at) = (bytes, at) }

    package mutating func bytes(_ count: Int) throws(Damage) -> ArraySlice<UInt8> {
        guard count >= 0, count <= all.count - at else { throw .cutOff }
        defer { at += count }
        return all[at..<at + count]
    }

    package mutating func integers(_ count: Int, below limit: Int? = nil) throws(Damage) -> [UInt32] {
        guard count >= 0, count <= (all.count - at) / 4 else { throw .cutOff }
        let slice = try bytes(4 * count)
        let values = slice.withUnsafeBytes { raw in
            (0..<count).map { UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }
        }
        if let limit, values.contains(where: { Int($0) >= limit }) { throw .outOfRange }
        return values
    }

    package mutating func integer() throws(Damage) -> Int { Int(try integers(1)[0]) }

    package mutating func floats(_ count: Int) throws(Damage) -> [Float] {
        try integers(count).map { Float(bitPattern: $0) }
    }

    package mutating func finiteFloats(_ count: Int) throws(Damage) -> [Float] {
        let values = try floats(count)
        guard values.allSatisfy(\.isFinite) else { throw .outOfRange }
        return values
    }

    package mutating func long() throws(Damage) -> UInt64 { try longs(1)[0] }

    package mutating func longs(_ count: Int) throws(Damage) -> [UInt64] {
        guard count >= 0, count <= (all.count - at) / 8 else { throw .cutOff }
        return try bytes(8 * count).withUnsafeBytes { raw in
            (0..<count).map { UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)) }
        }
    }

    package mutating func doubles(_ count: Int) throws(Damage) -> [Double] {
        try longs(count).map { Double(bitPattern: $0) }
    }

    package mutating func shorts(_ count: Int) throws(Damage) -> [Int16] {
        guard count >= 0, count <= (all.count - at) / 2 else { throw .cutOff }
        return try bytes(2 * count).withUnsafeBytes { raw in
            (0..<count).map { Int16(littleEndian: raw.loadUnaligned(fromByteOffset: 2 * $0, as: Int16.self)) }
        }
    }

    /// Of at most `limit` bytes.
    package mutating func text(atMost limit: Int) throws(Damage) -> String {
        let count = try integer()
        guard count <= limit else { throw .outOfRange }
        return String(decoding: try bytes(count), as: UTF8.self)
    }

    /// Whether all was read.
    package var isAtEnd: Bool { at == all.count }

    package mutating func codes(_ count: Int) throws(Damage) -> [Int8] {
        try bytes(count).map { Int8(bitPattern: $0) }
    }
}
