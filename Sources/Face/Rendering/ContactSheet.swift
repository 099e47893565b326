package import Tensors

/// Pictures side by side, all as high as the sheet's rows; for people to look at.
package struct ContactSheet: Sendable {
    package let rowHeight: Int
    private var rows: [[Image]] = []
    static let gap = 4

    package init(rowHeight: Int) { self.rowHeight = rowHeight }

    package mutating func add(row: [Image]) {
        rows.append(row.map { Self.resized($0, height: rowHeight) })
    }

    package func image() -> Image {
        let gap = Self.gap
        let width = rows.map { $0.reduce(gap) { $0 + $1.width + gap } }.max() ?? gap
        var sheet = Image(width: width, height: gap + rows.count * (rowHeight + gap), channels: 3, filledWith: 255)
        for (r, row) in rows.enumerated() {
            var left = gap
            for image in row {
                for y in 0..<image.height {
                    let from = 3 * y * image.width
                    let to = 3 * ((gap + r * (rowHeight + gap) + y) * width + left)
                    sheet.bytes.replaceSubrange(
                        to..<to + 3 * image.width, with: image.bytes[from..<from + 3 * image.width])
                }
                left += image.width + gap
            }
        }
        return sheet
    }

    /// RGB at another height, aspect kept, each target pixel the mean of what it covers (nearest where it grows).
    static func resized(_ image: Image, height: Int) -> Image {
        precondition(image.channels == 3, "a sheet holds RGB pictures")
        let width = max(1, image.width * height / max(image.height, 1))
        var result = Image(width: width, height: height, channels: 3)
        for y in 0..<height {
            let (y0, y1) = (
                y * image.height / height, max((y + 1) * image.height / height, y * image.height / height + 1)
            )
            for x in 0..<width {
                let (x0, x1) = (
                    x * image.width / width, max((x + 1) * image.width / width, x * image.width / width + 1)
                )
                var sum = SIMD3<Int>.zero
                for sy in y0..<min(y1, image.height) {
                    for sx in x0..<min(x1, image.width) {
                        let at = 3 * (sy * image.width + sx)
                        sum &+= SIMD3(Int(image.bytes[at]), Int(image.bytes[at + 1]), Int(image.bytes[at + 2]))
                    }
                }
                let count = max((min(y1, image.height) - y0) * (min(x1, image.width) - x0), 1)
                for c in 0..<3 { result.bytes[3 * (y * width + x) + c] = UInt8(sum[c] / count) }
            }
        }
        return result
    }
}
