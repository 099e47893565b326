/// A text file of the head data that cannot be read: which, where, why.
package struct HeadDataError: Error, Sendable, Equatable, CustomStringConvertible {
    package let file: String
    package let reason: String
    package var description: String { "\(file): \(reason)" }

    package init(file: String, reason: String) {
        self.file = file
        self.reason = reason
    }
}

/// The polygons of a Wavefront OBJ file by group; other statements are ignored.
package struct WavefrontMesh: Sendable {
    package struct Corner: Sendable, Hashable {
        package var point: Int
        package var coordinate: Int

        package init(point: Int, coordinate: Int) {
            self.point = point
            self.coordinate = coordinate
        }
    }

    /// In the file's own unit.
    package private(set) var points: [SIMD3<Float>] = []
    /// Texture coordinates, origin bottom-left.
    package private(set) var coordinates: [SIMD2<Float>] = []
    /// Quads of each group.
    package private(set) var quads: [String: [[Corner]]] = [:]

    package init(_ text: String, file: String) throws(HeadDataError) {
        var group = ""
        for (number, line) in text.utf8.split(separator: UInt8(ascii: "\n")).enumerated() {
            let words = line.split(whereSeparator: { $0 == 32 || $0 == 9 || $0 == 13 })
            guard let head = words.first else { continue }
            func fail(_ reason: String) -> HeadDataError {
                HeadDataError(file: file, reason: "line \(number + 1): \(reason)")
            }
            func float(_ i: Int) throws(HeadDataError) -> Float {
                guard i < words.count, let value = Float(Substring(words[i])), value.isFinite else {
                    throw fail("a number is missing")
                }
                return value
            }
            switch String(Substring(head)) {
            case "v": points.append(SIMD3(try float(1), try float(2), try float(3)))
            case "vt": coordinates.append(SIMD2(try float(1), try float(2)))
            case "g": group = words.count > 1 ? String(Substring(words[1])) : ""
            case "f":
                guard words.count == 5 else { continue }
                var quad: [Corner] = []
                for word in words[1...] {
                    let parts = word.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
                    guard parts.count >= 2, let p = Int(Substring(parts[0])), let t = Int(Substring(parts[1])),
                        (1...max(points.count, 1)).contains(p), (1...max(coordinates.count, 1)).contains(t),
                        !points.isEmpty, !coordinates.isEmpty
                    else { throw fail("a face names a point that is not there") }
                    quad.append(Corner(point: p - 1, coordinate: t - 1))
                }
                quads[group, default: []].append(quad)
            default: break
            }
        }
        if points.isEmpty || quads.isEmpty { throw HeadDataError(file: file, reason: "no mesh in it") }
    }
}

/// A MakeHuman target: how far some points of the base mesh move at weight 1, in decimetres.
package struct MorphTarget: Sendable, Equatable {
    package private(set) var points: [Int] = []
    package private(set) var offsets: [SIMD3<Float>] = []

    /// - Parameter pointCount: of the base mesh; a target that names others is damaged.
    package init(_ text: String, file: String, pointCount: Int) throws(HeadDataError) {
        for (number, line) in text.utf8.split(separator: UInt8(ascii: "\n")).enumerated() {
            if line.first == UInt8(ascii: "#") { continue }
            let words = line.split(whereSeparator: { $0 == 32 || $0 == 9 || $0 == 13 })
            if words.isEmpty { continue }
            guard words.count >= 4, let point = Int(Substring(words[0])), (0..<pointCount).contains(point),
                let x = Float(Substring(words[1])), let y = Float(Substring(words[2])),
                let z = Float(Substring(words[3])), x.isFinite, y.isFinite, z.isFinite
            else { throw HeadDataError(file: file, reason: "line \(number + 1): not `point x y z`") }
            points.append(point)
            offsets.append(SIMD3(x, y, z))
        }
    }
}
