internal import WideProducts

/// The two products that most of the network engine's time goes to, on small matrices that lie in the caches. By AVX-512
/// where there is one, and by loops for eight numbers at a time, in sixteen registers, elsewhere.
package enum Products {
    /// `into` = `start` in every row + A · B.
    /// - Parameters:
    ///   - a: `rows × inner`; rows are a multiple of six.
    ///   - b: [group][inner][16]
    ///   - start: [group][16]
    ///   - c: [row][group][16]
    package static func multiply(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, rows: Int, inner: Int, groups: Int,
        start: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, wide: Bool = Processor.hasAVX512
    ) {
        if wide {
            return WideProducts.multiply(a, b, rows: rows, inner: inner, groups: groups, start: start, into: c)
        }
        for group in 0..<groups {
            let b = b + group * inner * 16
            let first = start.load16(group * 16)
            for row in stride(from: 0, to: rows, by: 6) {
                let a0 = a + row * inner
                let (a1, a2, a3) = (a0 + inner, a0 + 2 * inner, a0 + 3 * inner)
                let (a4, a5) = (a0 + 4 * inner, a0 + 5 * inner)
                var (s0, s1, s2, s3, s4, s5) = (first, first, first, first, first, first)
                for k in 0..<inner {
                    let v = b.load16(k &* 16)
                    s0.addProduct(v, a0[k])
                    s1.addProduct(v, a1[k])
                    s2.addProduct(v, a2[k])
                    s3.addProduct(v, a3[k])
                    s4.addProduct(v, a4[k])
                    s5.addProduct(v, a5[k])
                }
                let to = c + (row * groups + group) * 16
                to.store(s0)
                to.store(s1, groups * 16)
                to.store(s2, groups * 32)
                to.store(s3, groups * 48)
                to.store(s4, groups * 64)
                to.store(s5, groups * 80)
            }
        }
    }

    /// Adds Aᵀ A to `sums`, (16 groups)²; below the diagonal's blocks of sixteen nothing.
    /// - Parameter a: `rows × 16 groups`.
    package static func addMoments(
        of a: UnsafePointer<Float>, rows: Int, groups: Int, to sums: UnsafeMutablePointer<Float>,
        wide: Bool = Processor.hasAVX512
    ) {
        if wide { return WideProducts.addMoments(of: a, rows: rows, groups: groups, to: sums) }
        let stride = groups * 16
        for group in 0..<groups {
            for r in Swift.stride(from: 0, to: (group + 1) * 16, by: 4) {
                let zero = SIMD16<Float>()
                var (s0, s1, s2, s3) = (zero, zero, zero, zero)
                var (vectors, row) = (a + group * 16, a + r)
                for _ in 0..<rows {
                    let v = vectors.load16()
                    s0.addProduct(v, row[0])
                    s1.addProduct(v, row[1])
                    s2.addProduct(v, row[2])
                    s3.addProduct(v, row[3])
                    vectors += stride
                    row += stride
                }
                let to = sums + r * stride + group * 16
                to.store(to.load16() + s0)
                to.store(to.load16(stride) + s1, stride)
                to.store(to.load16(2 * stride) + s2, 2 * stride)
                to.store(to.load16(3 * stride) + s3, 3 * stride)
            }
        }
    }
}
