package import Face
package import Foundation

/// A folder with the exact shape of a filmed head: `clip.mp4`, `neutral.ply` (binary, millimetres), `face_region.json`,
/// `landmarks7.json`, `frames.json`.
package struct ScannedHead: Sendable {
    package let clip: String
    package let scan: HeadScan
    /// Pixels.
    package let focal: Double

    private struct Regions: Decodable {
        var vertices: [Int]
        var regions: [String: [Int]]
    }
    private struct Frames: Decodable { var focal_px: Double }
    private struct Seven: Decodable { var points: [[Double]] }

    package init(folder: String) throws(Failure) {
        func decoded<T: Decodable>(_ type: T.Type, _ name: String) throws -> T {
            try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
        }
        do {
            let mesh = try Self.mesh("\(folder)/neutral.ply")
            let face = try decoded(Regions.self, "face_region.json")
            var isFace = [Bool](repeating: false, count: mesh.positions.count)
            var region = [HeadScan.Region?](repeating: nil, count: mesh.positions.count)
            for v in face.vertices where isFace.indices.contains(v) { isFace[v] = true }
            for (name, vertices) in face.regions {
                for v in vertices where region.indices.contains(v) { region[v] = HeadScan.Region(rawValue: name) }
            }
            let places = try decoded(Seven.self, "landmarks7.json").points
            guard places.allSatisfy({ $0.count == 3 }) else {
                throw Failure(.badData, "\(folder)/landmarks7.json holds a point that has not three coordinates")
            }
            let seven = places.map { SIMD3($0[0], $0[1], $0[2]) / 1000 }
            scan = HeadScan(
                positions: mesh.positions,
                triangles: mesh.triangles.filter { isFace[Int($0.x)] && isFace[Int($0.y)] && isFace[Int($0.z)] },
                region: region, landmarks7: seven, count: 20_000)
            focal = try decoded(Frames.self, "frames.json").focal_px
            clip = "\(folder)/clip.mp4"
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.noInput, "\(folder) is no folder of a scanned head: \(error.localizedDescription)")
        }
    }

    private static func mesh(_ path: String) throws(Failure) -> Mesh {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(.noInput, "\(path) cannot be read")
        }
        guard let mesh = mesh(data) else {
            throw Failure(.badData, "\(path) is not a binary PLY of x, y, z and triangles")
        }
        return mesh
    }

    /// Vertices in metres, and triangles.
    package typealias Mesh = (positions: [SIMD3<Double>], triangles: [SIMD3<UInt32>])

    /// Of a binary little-endian PLY in millimetres with x, y, z and a list of `int` per face only; `nil` for any other file.
    package static func mesh(_ file: Data) -> Mesh? {
        guard let header = file.range(of: Data("end_header\n".utf8)) else { return nil }
        let lines = String(decoding: file[..<header.lowerBound], as: UTF8.self).split(separator: "\n")
        func count(_ element: String) -> Int? {
            let prefix = "element \(element) "
            return lines.first { $0.hasPrefix(prefix) }.flatMap { Int($0.dropFirst(prefix.count)) }
        }
        let first = header.upperBound - file.startIndex
        let left = file.count - first
        // No count is believed that the file has no bytes for.
        guard let vertices = count("vertex"), let faces = count("face"), (0...left / 12).contains(vertices),
            (0...left / 13).contains(faces), lines.contains("property float x"),
            lines.contains("property list uchar int vertex_indices"), left == 12 * vertices + 13 * faces
        else { return nil }
        let mesh: Mesh = file.withUnsafeBytes { bytes in
            func number(_ at: Int) -> Double { Double(bytes.loadUnaligned(fromByteOffset: at, as: Float.self)) / 1000 }
            func index(_ at: Int) -> UInt32 { bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self) }
            let start = first + 12 * vertices
            return (
                (0..<vertices).map {
                    SIMD3(number(first + 12 * $0), number(first + 12 * $0 + 4), number(first + 12 * $0 + 8))
                },
                (0..<faces).map {
                    SIMD3(index(start + 13 * $0 + 1), index(start + 13 * $0 + 5), index(start + 13 * $0 + 9))
                }
            )
        }
        return mesh.triangles.allSatisfy { Int($0.max()) < vertices } ? mesh : nil
    }
}
