/// The head atlas: MakeHuman's UV islands laid out anew, so that the face gets most of the texels.
///
/// The head island is turned upright (crown up, the person's left to the right, as seen from in front) and stretched by
/// a smooth monotone map of each axis; a separable monotone map keeps an injective layout injective. Mouth interior, eye
/// sockets and the rest of the neck stand in a strip below it. Output is glTF's (origin top-left).
enum HeadAtlas {
    /// Share of the height that belongs to the head island; the rest is the strip.
    static let headShare: Float = 0.88
    static let gap: Float = 0.008

    /// - Parameters:
    ///   - quads: of the skin.
    ///   - coordinates: MakeHuman's, origin bottom-left.
    ///   - points: base mesh, for left and right.
    /// - Returns: new coordinates of the same numbers; those the quads do not use stay.
    static func layout(
        quads: [[WavefrontMesh.Corner]], coordinates: [SIMD2<Float>], points: [SIMD3<Float>]
    ) -> [SIMD2<Float>] {
        var result = coordinates
        let islands = islands(quads, count: coordinates.count)
        guard let head = islands.first else { return result }
        let box = Box(head.map { coordinates[$0] })
        // The island lies on its side: its u runs from crown to neck. Which way v runs is read off the points.
        var lean: Float = 0
        for quad in quads {
            for corner in quad where head.contains(corner.coordinate) {
                lean += points[corner.point].x * (coordinates[corner.coordinate].y - box.centre.y)
            }
        }
        // Between hairline, chin and ears: nearly half of the square, 2.3–4 texels per millimetre at 1024².
        let across = Stretch(density: 10, centre: 0.5, halfWidth: 0.17)
        let down = Stretch(density: 4.5, centre: 0.675, halfWidth: 0.22)
        for c in head {
            let p = (coordinates[c] - box.low) / box.size
            let x = across.map(lean > 0 ? p.y : 1 - p.y)
            result[c] = SIMD2(gap + x * (1 - 2 * gap), gap + down.map(p.x) * (headShare - 2 * gap))
        }
        let rest = islands.dropFirst().map { ($0, Box($0.map { coordinates[$0] })) }
        let total = rest.reduce(0) { $0 + $1.1.size.x / $1.1.size.y }
        let height = 1 - headShare - gap
        let available = 1 - gap * Float(rest.count + 1)
        let stretch = min(available / max(height * total, 1e-6), 1.6)
        var left = gap
        for (island, box) in rest {
            let width = height * box.size.x / box.size.y * stretch
            for c in island {
                let p = (coordinates[c] - box.low) / box.size
                result[c] = SIMD2(left + p.x * width, headShare + (1 - p.y) * height)
            }
            left += width + gap
        }
        return result
    }

    /// Connected sets of texture coordinates, the largest first.
    private static func islands(_ quads: [[WavefrontMesh.Corner]], count: Int) -> [Set<Int>] {
        var parent = Array(0..<count)
        func root(_ a: Int) -> Int {
            var a = a
            while parent[a] != a {
                parent[a] = parent[parent[a]]
                a = parent[a]
            }
            return a
        }
        for quad in quads { for corner in quad { parent[root(corner.coordinate)] = root(quad[0].coordinate) } }
        var islands: [Int: Set<Int>] = [:]
        for quad in quads {
            for corner in quad { islands[root(corner.coordinate), default: []].insert(corner.coordinate) }
        }
        return islands.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map(\.value)
    }

    private struct Box {
        var low = SIMD2<Float>(repeating: .infinity)
        var high = SIMD2<Float>(repeating: -.infinity)
        init(_ points: [SIMD2<Float>]) {
            for p in points {
                low = pointwiseMin(low, p)
                high = pointwiseMax(high, p)
            }
        }
        var size: SIMD2<Float> { pointwiseMax(high - low, SIMD2(repeating: 1e-6)) }
        var centre: SIMD2<Float> { (low + high) / 2 }
    }

    /// A monotone map of 0...1 onto itself whose slope is `density` times as large around `centre` as far from it.
    private struct Stretch {
        private let table: [Float]

        init(density: Float, centre: Float, halfWidth: Float) {
            var sum: Float = 0
            var table: [Float] = [0]
            for i in 0..<512 {
                let t = ((Float(i) + 0.5) / 512 - centre) / halfWidth
                sum += 1 + (density - 1) / (1 + t * t * t * t)
                table.append(sum)
            }
            self.table = table.map { $0 / sum }
        }

        func map(_ x: Float) -> Float {
            let position = min(max(x, 0), 1) * 512
            let i = min(Int(position), 511)
            return table[i] + (table[i + 1] - table[i]) * (position - Float(i))
        }
    }
}
