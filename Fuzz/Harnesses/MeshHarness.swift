internal import Face
internal import Foundation
internal import Pipeline

extension Harness {
    /// What a head model is built and measured with, as text files: an OBJ, the list of mirrored points, a target, a PLY; a
    /// byte 0 between them.
    static let mesh = Harness(
        "mesh",
        words: ["v ", "vt ", "g body", "f 1/1 2/2 3/3 4/4", "end_header\n", "element vertex ", "element face "],
        seeds: {
            [
                (
                    "all",
                    Array(
                        "# a quad\nv 0 0 0\nv 1 0 0.5\nv 1 1 -2e-1\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\ng body\nf 1/1 2/2 3/3 4/4\ns off\n\u{0}0 1 r\n1 0 l\n2 3 r\n3 2 l\n\u{0}# a target\n0 .1 -0.25 1e-3\n\n3 0 0 0\n\u{0}"
                            .utf8)
                        + Array(ply.utf8) + (0..<36).map { UInt8($0) } + [3, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]
                ),
                ("bad-face", Array("v 0 0 0\nvt 0 0\nf 1/1 2/1 9223372036854775807/1 -1/1\n".utf8)),
            ]
        },
        read: { bytes in
            let parts = bytes.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false)
            func text(_ part: Int) -> String { part < parts.count ? String(decoding: parts[part], as: UTF8.self) : "" }
            if let mesh = try? WavefrontMesh(text(0), file: "base.obj") {
                let corners = mesh.quads.values.joined().joined()
                precondition(
                    corners.allSatisfy {
                        mesh.points.indices.contains($0.point) && mesh.coordinates.indices.contains($0.coordinate)
                    })
            }
            _ = try? HeadModelBuilder(targetNames: []) { $0 == "base.obj" ? text(0) : text(1) }
            if let target = try? MorphTarget(text(2), file: "a.target", pointCount: 1000) {
                precondition(
                    target.points.allSatisfy((0..<1000).contains) && target.offsets.count == target.points.count)
            }
            let scan = parts.count > 3 ? Data(parts[3]) : Data(bytes)
            if let mesh = ScannedHead.mesh(scan) {
                precondition(mesh.triangles.allSatisfy { Int($0.max()) < mesh.positions.count })
            }
        })

    private static let ply = """
        ply
        format binary_little_endian 1.0
        element vertex 3
        property float x
        property float y
        property float z
        element face 1
        property list uchar int vertex_indices
        end_header

        """
}
