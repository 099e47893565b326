internal import Tensors

/// Where patches of skin can be cut from the faces of many people, at every octave of a pyramid. A patch that lies in the
/// person's right half is for training, one in the left half for judging: what tells people apart has to hold on both.
package struct SkinPatches: Sendable {
    /// Texels along a patch's side.
    package static let side = 48

    private struct Level: Sendable {
        var size: Int
        var values: [Float]
        /// Corners of patches that are nearly all seen skin.
        var right: [Int]
        var left: [Int]
    }

    /// [person][octave].
    private let people: [[Level]]

    var count: Int { people.count }

    package init(_ faces: [DetailMap], pyramid: DetailPyramid) {
        people = faces.mapConcurrently { face in
            var level = face.withoutFeatures(regions: pyramid.regions(at: face.size), coarsest: pyramid.sizes.last!)
            return pyramid.sizes.map { size -> Level in
                defer { level = level.halved }
                return Self.level(level)
            }
        }
    }

    private static func level(_ map: DetailMap) -> Level {
        let (size, step) = (map.size, max(map.size / 128, 2))
        var result = Level(
            size: size, values: zip(map.values, map.seen).map { $1 > 0.5 ? $0 : 0 }, right: [], left: [])
        // Sums over everything above and to the left.
        var sums = [Int32](repeating: 0, count: (size + 1) * (size + 1))
        for y in 0..<size {
            var row: Int32 = 0
            for x in 0..<size {
                row += map.seen[y * size + x] > 0.5 ? 1 : 0
                sums[(y + 1) * (size + 1) + x + 1] = sums[y * (size + 1) + x + 1] + row
            }
        }
        for y in stride(from: 0, to: size - side, by: step) {
            for x in stride(from: 0, to: size - side, by: step) {
                let (top, bottom) = (y * (size + 1) + x, (y + side) * (size + 1) + x)
                let seen = sums[bottom + side] - sums[bottom] - sums[top + side] + sums[top]
                guard Double(seen) > 0.8 * Double(side * side) else { continue }
                // On the atlas the person's right is on the left.
                if x + side / 2 < size / 2 {
                    result.right.append(y * size + x)
                } else {
                    result.left.append(y * size + x)
                }
            }
        }
        return result
    }

    /// `count` random patches, each `side × side` texels of log luma row by row, and the number of each one's person.
    func draw(_ count: Int, judging: Bool, using generator: inout SeededGenerator) -> (values: [Float], owners: [Int]) {
        var (values, owners) = ([Float](), [Int]())
        values.reserveCapacity(count * Self.side * Self.side)
        while owners.count < count {
            let person = Int(generator.next() % UInt64(people.count))
            let level = people[person][Int(generator.next() % UInt64(people[person].count))]
            let corners = judging ? level.left : level.right
            guard !corners.isEmpty else { continue }
            let corner = corners[Int(generator.next() % UInt64(corners.count))]
            let flipped = generator.next() & 1 == 0
            // What makes a person must not be the camera's contrast alone.
            let contrast = Float(1 + 0.15 * generator.normal(limit: 2))
            for y in 0..<Self.side {
                for x in 0..<Self.side {
                    let column = flipped ? Self.side - 1 - x : x
                    values.append(contrast * level.values[corner + y * level.size + column])
                }
            }
            owners.append(person)
        }
        return (values, owners)
    }
}
