/// What never changes over all editions of an avatar: triangles, UVs, materials, order of vertices.
///
/// Two vertex numberings. A *point* is a place on the surface (G of them; shapes, bases and fits live here). A *vertex*
/// is a point with a texture coordinate (V ≥ G of them; a point on a UV seam has several), as glTF wants it.
package struct Topology: Sendable, Equatable {
    package enum Material: String, Sendable, CaseIterable, Codable { case skin, eyes, teeth, tongue, lashes }

    /// The triangles of one material.
    package struct Part: Sendable, Equatable {
        package var material: Material
        /// Vertex numbers, three a triangle, counter-clockwise seen from outside.
        package var triangles: [UInt32]

        package init(material: Material, triangles: [UInt32]) {
            self.material = material
            self.triangles = triangles
        }
    }

    package var pointCount: Int
    /// V: the point of each vertex.
    package var pointOfVertex: [UInt32]
    /// V: texture coordinates, glTF's (0...1, origin top-left), in the atlas of the vertex's own material.
    package var uv: [SIMD2<Float>]
    /// One per material, in `Material.allCases` order.
    package var parts: [Part]
    /// G: the point on the other side of the face (its own number on the mid-line).
    package var mirrorOfPoint: [UInt32]

    package init(
        pointCount: Int, pointOfVertex: [UInt32], uv: [SIMD2<Float>], parts: [Part], mirrorOfPoint: [UInt32]
    ) {
        precondition(pointOfVertex.count == uv.count && mirrorOfPoint.count == pointCount)
        self.pointCount = pointCount
        self.pointOfVertex = pointOfVertex
        self.uv = uv
        self.parts = parts
        self.mirrorOfPoint = mirrorOfPoint
    }

    package var vertexCount: Int { pointOfVertex.count }
}
