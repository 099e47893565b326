internal import Face
internal import Foundation
internal import Tensors

extension Harness {
    /// A safetensors file, and the networks that are made of one.
    static let tensors = Harness(
        "safetensors",
        words: [
            "\"dtype\":\"F32\"", "\"F16\"", "\"BF16\"", "\"shape\":[", "\"data_offsets\":[0,", "\"__metadata__\":{",
            "features.0.weight", "conv1_1.weight",
        ], seeds: { tensorSeeds },
        read: { bytes in
            // A slice, since whoever counts from the file's first byte would be wrong.
            let data = (Data([0]) + Data(bytes)).dropFirst()
            for file in [Data(bytes), data] {
                guard let tensors = try? SafeTensors(file) else { continue }
                for (name, entry) in tensors.entries {
                    guard let values = try? tensors.floats(name, shape: entry.shape) else { continue }
                    precondition(values.count == entry.shape.reduce(1, *), "\(values.count) of \(entry.shape)")
                    precondition(values.allSatisfy(\.isFinite))
                }
                _ = try? VGG19(tensors, depth: .conv1)
                _ = try? DetailNetwork(tensors)
            }
        })

    private static var tensorSeeds: [(name: String, bytes: [UInt8])] {
        func file(_ header: String, _ body: [UInt8]) -> [UInt8] {
            var length = UInt64(header.utf8.count)
            var bytes: [UInt8] = []
            for _ in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: length))
                length >>= 8
            }
            return bytes + Array(header.utf8) + body
        }
        let own = SafeTensors.file([("a", [2, 2], [1, 2, 3, -4]), ("conv1_1.bias", [0], []), ("b", [], [0.5])])
        return [
            ("own", Array(own)),
            (
                "halves",
                file(
                    #"{"__metadata__":{"format":"pt"},"x":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},"#
                        + #""y":{"dtype":"BF16","shape":[1,1],"data_offsets":[6,8]},"#
                        + #""z":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}}"#,
                    [0, 0x3c, 0xff, 0x7b, 1, 0, 0x80, 0x3f, 1, 2, 3, 4, 5, 6, 7, 8])
            ),
            (
                "overlap",
                file(
                    #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#,
                    [0, 0, 0, 0, 0, 0])
            ),
            (
                "large",
                file(#"{"x":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,4]}}"#, [0, 0, 0, 0])
            ),
        ]
    }
}
