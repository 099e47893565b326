/// The products of `Products` for processors with AVX-512, which this target alone is compiled for: twice as wide vectors and
/// registers for twice as many sums. Whoever calls has asked for the processor. Nothing but these loops belongs here: what
/// the linker shares between targets must not come from this one.
package enum WideProducts {
    /// See `Products.multiply`.
    @inline(never) package static func multiply(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, rows: Int, inner: Int, groups: Int,
        start: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>
    ) {
        var group = 0
        while group < groups {
            let isPair = group &+ 2 <= groups
            var row = 0
            while row < rows {
                let (a0, to) = (a + row &* inner, c + (row &* groups &+ group) &* 16)
                let (a1, a2, a3) = (a0 + inner, a0 + 2 &* inner, a0 + 3 &* inner)
                let (a4, a5) = (a0 + 4 &* inner, a0 + 5 &* inner)
                let b0 = b + group &* inner &* 16
                let first = load(start + group &* 16)
                var (s0, s1, s2, s3, s4, s5) = (first, first, first, first, first, first)
                if isPair {
                    let b1 = b0 + inner &* 16
                    let second = load(start + (group &+ 1) &* 16)
                    var (t0, t1, t2, t3, t4, t5) = (second, second, second, second, second, second)
                    for k in 0..<inner {
                        let (u, v) = (load(b0 + k &* 16), load(b1 + k &* 16))
                        s0.addProduct(u, a0[k])
                        t0.addProduct(v, a0[k])
                        s1.addProduct(u, a1[k])
                        t1.addProduct(v, a1[k])
                        s2.addProduct(u, a2[k])
                        t2.addProduct(v, a2[k])
                        s3.addProduct(u, a3[k])
                        t3.addProduct(v, a3[k])
                        s4.addProduct(u, a4[k])
                        t4.addProduct(v, a4[k])
                        s5.addProduct(u, a5[k])
                        t5.addProduct(v, a5[k])
                    }
                    store(t0, to + 16)
                    store(t1, to + (groups &+ 1) &* 16)
                    store(t2, to + (2 &* groups &+ 1) &* 16)
                    store(t3, to + (3 &* groups &+ 1) &* 16)
                    store(t4, to + (4 &* groups &+ 1) &* 16)
                    store(t5, to + (5 &* groups &+ 1) &* 16)
                } else {
                    for k in 0..<inner {
                        let u = load(b0 + k &* 16)
                        s0.addProduct(u, a0[k])
                        s1.addProduct(u, a1[k])
                        s2.addProduct(u, a2[k])
                        s3.addProduct(u, a3[k])
                        s4.addProduct(u, a4[k])
                        s5.addProduct(u, a5[k])
                    }
                }
                store(s0, to)
                store(s1, to + groups &* 16)
                store(s2, to + 2 &* groups &* 16)
                store(s3, to + 3 &* groups &* 16)
                store(s4, to + 4 &* groups &* 16)
                store(s5, to + 5 &* groups &* 16)
                row &+= 6
            }
            group &+= isPair ? 2 : 1
        }
    }

    /// See `Products.addMoments`.
    @inline(never) package static func addMoments(
        of a: UnsafePointer<Float>, rows: Int, groups: Int, to sums: UnsafeMutablePointer<Float>
    ) {
        let stride = groups &* 16
        for group in 0..<groups {
            var r = 0
            while r < (group &+ 1) &* 16 {
                let zero = SIMD16<Float>()
                var (s0, s1, s2, s3) = (zero, zero, zero, zero)
                var (s4, s5, s6, s7) = (zero, zero, zero, zero)
                var (vectors, row) = (a + group &* 16, a + r)
                for _ in 0..<rows {
                    let v = load(vectors)
                    s0.addProduct(v, row[0])
                    s1.addProduct(v, row[1])
                    s2.addProduct(v, row[2])
                    s3.addProduct(v, row[3])
                    s4.addProduct(v, row[4])
                    s5.addProduct(v, row[5])
                    s6.addProduct(v, row[6])
                    s7.addProduct(v, row[7])
                    vectors += stride
                    row += stride
                }
                let to = sums + (r &* stride &+ group &* 16)
                store(load(to) + s0, to)
                store(load(to + stride) + s1, to + stride)
                store(load(to + 2 &* stride) + s2, to + 2 &* stride)
                store(load(to + 3 &* stride) + s3, to + 3 &* stride)
                store(load(to + 4 &* stride) + s4, to + 4 &* stride)
                store(load(to + 5 &* stride) + s5, to + 5 &* stride)
                store(load(to + 6 &* stride) + s6, to + 6 &* stride)
                store(load(to + 7 &* stride) + s7, to + 7 &* stride)
                r &+= 8
            }
        }
    }

    @inline(__always) private static func load(_ at: UnsafePointer<Float>) -> SIMD16<Float> {
        UnsafeRawPointer(at).loadUnaligned(as: SIMD16<Float>.self)
    }
    @inline(__always) private static func load(_ at: UnsafeMutablePointer<Float>) -> SIMD16<Float> {
        load(UnsafePointer(at))
    }
    @inline(__always) private static func store(_ value: SIMD16<Float>, _ at: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(at).storeBytes(of: value, as: SIMD16<Float>.self)
    }
}
