extension YUVImage {
    /// An RGB picture as full-range 4:4:4 BT.709: what it decodes to differs by at most one code.
    package init(rgb image: Image) {
        precondition(image.channels == 3, "RGB needs three channels, got \(image.channels)")
        let count = image.width * image.height
        var planes = [[UInt8]](repeating: [UInt8](repeating: 0, count: count), count: 3)
        for i in 0..<count {
            let (r, g, b) = (Float(image.bytes[3 * i]), Float(image.bytes[3 * i + 1]), Float(image.bytes[3 * i + 2]))
            let y = 0.2126 * r + 0.7152 * g + 0.0722 * b
            planes[0][i] = UInt8(y + 0.5)
            planes[1][i] = UInt8(min(max((b - y) / 1.8556 + 128.5, 0), 255))
            planes[2][i] = UInt8(min(max((r - y) / 1.5748 + 128.5, 0), 255))
        }
        self.init(
            width: image.width, height: image.height, chromaShiftX: 0, chromaShiftY: 0, coefficients: .bt709,
            fullRange: true, luma: planes[0], cb: planes[1], cr: planes[2])
    }
}
