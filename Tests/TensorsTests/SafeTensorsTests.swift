import Foundation
import Tensors
import Testing

/// Writes what the reader reads.
enum SafeTensorsFile {
    struct Tensor {
        let name: String
        let shape: [Int]
        let values: [Float]

        init(_ name: String, _ shape: [Int], _ values: [Float]) {
            (self.name, self.shape, self.values) = (name, shape, values)
        }
    }

    static func encoded(_ tensors: [Tensor]) -> Data {
        var (entries, data) = ([#""__metadata__": {"format": "pt"}"#], Data())
        for tensor in tensors {
            let start = data.count
            tensor.values.map(\.bitPattern.littleEndian).withUnsafeBytes { data.append(contentsOf: $0) }
            entries.append(
                #""\#(tensor.name)": {"dtype": "F32", "shape": \#(tensor.shape), "data_offsets": [\#(start), \#(data.count)]}"#
            )
        }
        return encoded("{" + entries.joined(separator: ", ") + "}", data)
    }

    static func encoded(_ header: String, _ data: Data, length: UInt64? = nil) -> Data {
        var result = withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) { Data($0) }
        result.append(Data(header.utf8))
        result.append(data)
        return result
    }
}

/// The reader of safetensors. Truth: bytes written by hand; whatever is done to a file, it reads it or says why not.
@Suite struct SafeTensorsTests {
    private static let whole = SafeTensorsFile.encoded([
        .init("a.weight", [2, 3], [1, -2, 3.5, 0, 1e-30, 6]), .init("b", [], [7]), .init("none", [0, 5], []),
    ])

    @Test func valuesComeBack() throws {
        let file = try SafeTensors(Self.whole)
        #expect(Set(file.entries.keys) == ["a.weight", "b", "none"])
        #expect(try file.floats("a.weight", shape: [2, 3]) == [1, -2, 3.5, 0, 1e-30, 6])
        #expect(try file.floats("b", shape: []) == [7])
        #expect(try file.floats("none", shape: [0, 5]).isEmpty)
        // A slice of something larger, whose first byte is not its byte 0.
        let slice = (Data([1, 2, 3]) + Self.whole).dropFirst(3)
        #expect(try SafeTensors(slice).floats("b", shape: []) == [7])
        #expect(throws: SafeTensorsError.self) { try file.floats("a.weight", shape: [3, 2]) }
        #expect(throws: SafeTensorsError.self) { try file.floats("c", shape: []) }
    }

    @Test func halvesAreReadExactly() throws {
        // 1, -2, largest, smallest normal, smallest, zero; then bfloat16's 1, -2, π to 8 bits.
        let halves: [UInt16] = [0x3C00, 0xC000, 0x7BFF, 0x0400, 0x0001, 0x8000, 0x3F80, 0xC000, 0x4049]
        let data = halves.map(\.littleEndian).withUnsafeBytes { Data($0) }
        let file = try SafeTensors(
            SafeTensorsFile.encoded(
                #"{"h": {"dtype": "F16", "shape": [6], "data_offsets": [0, 12]}, "#
                    + #""b": {"dtype": "BF16", "shape": [3], "data_offsets": [12, 18]}}"#, data))
        #expect(try file.floats("h", shape: [6]) == [1, -2, 65504, 0x1p-14, 0x1p-24, 0])
        #expect(try file.floats("b", shape: [3]) == [1, -2, 3.140625])
    }

    @Test(arguments: [
        #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 9]}}"#,  // not the shape's size
        #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}, "b": {"dtype": "F32", "shape": [3], "data_offsets": [4, 16]}}"#,
        #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [12, 20]}}"#,  // beyond the end
        #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]}}"#,
        #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}"#,
        #"{"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}"#,
        #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [9223372036854775800, 9223372036854775807]}}"#,
        #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 18446744073709551616]}}"#,
        #"{"a": {"dtype": "F32", "shape": [4611686018427387904, 4611686018427387904], "data_offsets": [0, 0]}}"#,
        #"{"a": {"dtype": "F32", "shape": [1e99], "data_offsets": [0, 8]}}"#,
        #"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0]}}"#,
        #"{"a": {"dtype": "F32", "shape": [2]}}"#, #"{"a": {"dtype": 32, "shape": [2], "data_offsets": [0, 8]}}"#,
        #"{"a": 5}"#, #"["a"]"#, "{", "{}garbage", "not JSON", "null", "", "\u{0}\u{0}\u{0}\u{0}",
    ])
    func aHeaderThatLiesIsRefusedInOneLine(header: String) {
        let error = #expect(throws: SafeTensorsError.self) {
            try SafeTensors(SafeTensorsFile.encoded(header, Data(count: 16)))
        }
        #expect(error?.description.contains("copy or convert it again") == true)
        #expect(error.map { $0.description.count < 400 && !$0.description.contains("\n") } == true)
    }

    @Test func aHeaderNestedTooDeepIsRefused() {
        let deep = [String(repeating: #"{"a":"#, count: 20_000), #"{"a": "# + String(repeating: "[", count: 100_000)]
        for header in deep {
            #expect(throws: SafeTensorsError.self) { try SafeTensors(SafeTensorsFile.encoded(header, Data())) }
        }
    }

    @Test(arguments: [0, 1, 9, 1 << 20, 200 << 20, UInt64(Int.max) - 7, UInt64(Int.max), .max - 7, .max])
    func aHeaderOfAbsurdLengthIsRefused(length: UInt64) {
        #expect(throws: SafeTensorsError.self) {
            try SafeTensors(SafeTensorsFile.encoded("{}", Data(), length: length))
        }
    }

    @Test func typesThatAreNotReadAreNamedWhenAskedFor() throws {
        let file = try SafeTensors(
            SafeTensorsFile.encoded(
                #"{"n\n": {"dtype": "I64", "shape": [2], "data_offsets": [0, 16]}}"#, Data(count: 16)))
        let error = #expect(throws: SafeTensorsError.self) { try file.floats("n\n", shape: [2]) }
        #expect(error?.description.contains("I64") == true && error?.description.contains("\n") == false)
    }

    @Test func valuesThatAreNotFiniteAreRefused() throws {
        for value in [Float.nan, .infinity] {
            let file = try SafeTensors(SafeTensorsFile.encoded([.init("a", [1], [value])]))
            #expect(throws: SafeTensorsError.self) { try file.floats("a", shape: [1]) }
        }
    }

    @Test func noTruncationAndNoChangeOfAByteIsFatal() {
        func read(_ data: Data) {
            guard let file = try? SafeTensors(data) else { return }
            for (name, entry) in file.entries { _ = try? file.floats(name, shape: entry.shape) }
        }
        for count in 0..<Self.whole.count {
            #expect(throws: SafeTensorsError.self) { try SafeTensors(Self.whole.prefix(count)) }
        }
        for at in Self.whole.indices {
            for change: UInt8 in [0x01, 0x10, 0x80, 0xFF] {
                var damaged = Self.whole
                damaged[at] ^= change
                read(damaged)
            }
        }
    }
}
