import Tensors
import Testing

/// The engine's two products, by narrow vectors and by wide ones where the processor has them. Truth: plain loops.
@Suite struct ProductsTests {
    private static let ways = Processor.hasAVX512 ? [false, true] : [false]

    @Test(arguments: [(6, 16, 1), (24, 32, 2), (12, 48, 3), (96, 64, 4)])
    func productsAreTheirDefinition(rows: Int, inner: Int, groups: Int) {
        let a = NetworkTests.sequence(rows * inner, seed: 1, scale: 1)
        let b = NetworkTests.sequence(groups * inner * 16, seed: 2, scale: 1)
        let start = NetworkTests.sequence(groups * 16, seed: 3, scale: 1)
        var truth = [Double](repeating: 0, count: rows * groups * 16)
        for row in 0..<rows {
            for column in 0..<groups * 16 {
                truth[row * groups * 16 + column] = (0..<inner).reduce(Double(start[column])) {
                    $0 + Double(a[row * inner + $1]) * Double(b[(column / 16 * inner + $1) * 16 + column % 16])
                }
            }
        }
        for wide in Self.ways {
            var c = [Float](repeating: .nan, count: rows * groups * 16)
            Products.multiply(a, b, rows: rows, inner: inner, groups: groups, start: start, into: &c, wide: wide)
            #expect(NetworkTests.difference(c, truth) < 1e-6)
        }
    }

    @Test(arguments: [(1, 1), (7, 2), (96, 3)])
    func momentsAreTheirDefinition(rows: Int, groups: Int) {
        let side = groups * 16
        let a = NetworkTests.sequence(rows * side, seed: 4, scale: 1)
        for wide in Self.ways {
            var sums = [Float](repeating: 1, count: side * side)
            Products.addMoments(of: a, rows: rows, groups: groups, to: &sums, wide: wide)
            for r in 0..<side {
                for c in r..<side {
                    let truth = (0..<rows).reduce(1.0) { $0 + Double(a[$1 * side + r]) * Double(a[$1 * side + c]) }
                    #expect(abs(Double(sums[r * side + c]) - truth) < 1e-5 * Double(rows + 1))
                }
            }
        }
    }
}
