/// A reader of outside data as the fuzzer, and the test that replays its corpus, call it.
///
/// `read` takes any bytes and comes back. What must hold of whatever was read is a `precondition` there, so that a
/// wrong answer is found like a crash.
package struct Harness: Sendable {
    package let name: String
    package let read: @Sendable ([UInt8]) -> Void
    /// Inputs that our own writers make, by name: where fuzzing begins.
    package let seeds: @Sendable () -> [(name: String, bytes: [UInt8])]
    /// Words that a fuzzer would be long in finding.
    package let words: [String]

    init(
        _ name: String, words: [String] = [], seeds: @escaping @Sendable () -> [(name: String, bytes: [UInt8])],
        read: @escaping @Sendable ([UInt8]) -> Void
    ) {
        (self.name, self.words, self.seeds, self.read) = (name, words, seeds, read)
    }

    package static let all: [Harness] = [
        .configuration, .state, .headModel, .faceDatabase, .tensors, .mesh, .avatar, .manifest, .picture, .request,
        .connection, .text,
    ]

    package static func named(_ name: String) -> Harness? { all.first { $0.name == name } }
}

/// A small source of numbers out of an input's bytes; zeros at its end.
struct Numbers {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func next<Value: FixedWidthInteger>(_ type: Value.Type) -> Value {
        var value: UInt64 = 0
        for _ in 0..<(Value.bitWidth / 8) { value = value << 8 | UInt64(rest.popFirst() ?? 0) }
        return Value(truncatingIfNeeded: value)
    }
}
