/// Vectors at addresses of floats. Sixteen floats are two registers of AVX2: a kernel that keeps six such sums leaves room
/// for a row of weights and a factor, and reaches what the multipliers give.
extension UnsafePointer where Pointee == Float {
    @inline(__always) func load8(_ at: Int = 0) -> SIMD8<Float> {
        UnsafeRawPointer(self + at).loadUnaligned(as: SIMD8<Float>.self)
    }
    @inline(__always) func load16(_ at: Int = 0) -> SIMD16<Float> {
        UnsafeRawPointer(self + at).loadUnaligned(as: SIMD16<Float>.self)
    }
}

extension UnsafeMutablePointer where Pointee == Float {
    @inline(__always) func load8(_ at: Int = 0) -> SIMD8<Float> { UnsafePointer(self).load8(at) }
    @inline(__always) func load16(_ at: Int = 0) -> SIMD16<Float> { UnsafePointer(self).load16(at) }
    @inline(__always) func store(_ value: SIMD8<Float>, _ at: Int = 0) {
        UnsafeMutableRawPointer(self + at).storeBytes(of: value, as: SIMD8<Float>.self)
    }
    @inline(__always) func store(_ value: SIMD16<Float>, _ at: Int = 0) {
        UnsafeMutableRawPointer(self + at).storeBytes(of: value, as: SIMD16<Float>.self)
    }
}

extension Range<Int> {
    /// Calls `work` with parts of the range, in order of their starts, on all cores where `cost` (operations an element)
    /// makes that worth while. The parts depend on the range only.
    func inStrips(of length: Int, cost: Int, _ work: @Sendable (Range<Int>) -> Void) {
        guard count * cost > 100_000, count > length else { return work(self) }
        _ = stride(from: lowerBound, to: upperBound, by: length).map { $0..<Swift.min($0 + length, upperBound) }
            .mapConcurrently { work($0) }
    }
}

// Not on all vectors at once, and neither `pointwiseMax` nor `sum()`: those become calls and chains of single numbers.
extension SIMD8<Float> {
    /// The larger of each number and zero.
    @inline(__always) var rectified: Self { replacing(with: Self.zero, where: self .< Self.zero) }
    @inline(__always) var total: Float {
        let four = lowHalf + highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }
}
extension SIMD16<Float> {
    @inline(__always) var rectified: Self { replacing(with: Self.zero, where: self .< Self.zero) }
}
