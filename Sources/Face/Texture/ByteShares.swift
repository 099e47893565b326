/// Shares of a map's texels, 0...1, in a byte each: maps are large, and nothing here is known to a thousandth.
package struct ByteShares: RandomAccessCollection, MutableCollection, Sendable {
    private var bytes: [UInt8]

    package init(count: Int) { bytes = [UInt8](repeating: 0, count: count) }

    /// Of 0...1.
    package init(_ values: [Float]) {
        self.init(count: values.count)
        for i in values.indices { self[i] = values[i] }
    }

    init(count: Int, of value: (Int) -> Float) {
        self.init(count: count)
        for i in 0..<count { self[i] = value(i) }
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { bytes.count }
    package subscript(i: Int) -> Float {
        @inline(__always) get { Float(bytes[i]) * (1 / 255) }
        @inline(__always) set { bytes[i] = UInt8(Swift.min(Swift.max(newValue, 0), 1) * 255 + 0.5) }
    }

    /// `body` of the shares as bytes, 255 for a whole one.
    func withUnsafeBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        bytes.withUnsafeBufferPointer(body)
    }
}
