/// A map of which only blocks of 4 × 4 texels with something in them are kept.
struct SeenBlocks: Sendable {
    private let size: Int
    /// By block, row by row: whether it is kept.
    private let isKept: [Bool]
    /// Sixteen of each kept block.
    private let kept: [SIMD4<UInt8>]

    var share: Double { Double(kept.count) / Double(max(size * size, 1)) }

    init(of texels: [SIMD4<UInt8>], size: Int) {
        self.size = size
        let side = size / 4
        var isKept = [Bool](repeating: false, count: side * side)
        for i in texels.indices where texels[i] != .zero { isKept[i / size / 4 * side + i % size / 4] = true }
        var kept: [SIMD4<UInt8>] = []
        kept.reserveCapacity(16 * isKept.count { $0 })
        for block in isKept.indices where isKept[block] {
            let corner = block / side * 4 * size + block % side * 4
            for row in 0..<4 { kept += texels[corner + row * size..<corner + row * size + 4] }
        }
        self.isKept = isKept
        self.kept = kept
    }

    var texels: [SIMD4<UInt8>] {
        var texels = [SIMD4<UInt8>](repeating: .zero, count: size * size)
        let side = size / 4
        var next = 0
        for block in isKept.indices where isKept[block] {
            let corner = block / side * 4 * size + block % side * 4
            for row in 0..<4 {
                for column in 0..<4 {
                    texels[corner + row * size + column] = kept[next]
                    next += 1
                }
            }
        }
        return texels
    }
}
