package import Foundation

extension SafeTensors {
    /// A file of F32 tensors in the order given: 8 bytes of the header's length, the header (JSON), the values.
    package static func file(_ tensors: [(name: String, shape: [Int], values: [Float])]) -> Data {
        var (entries, body) = ([String](), Data())
        for tensor in tensors {
            precondition(
                tensor.values.count == tensor.shape.reduce(1, *), "\(tensor.name) of \(tensor.values.count) values")
            let start = body.count
            tensor.values.withUnsafeBytes { body.append(contentsOf: $0) }
            entries.append(
                "\"\(tensor.name)\":{\"dtype\":\"F32\",\"shape\":\(tensor.shape),\"data_offsets\":[\(start),\(body.count)]}"
            )
        }
        var header = Data("{\(entries.joined(separator: ","))}".utf8)
        // The values begin at a multiple of eight.
        while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
        return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + header + body
    }
}
