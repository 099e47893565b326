import Face
import Foundation
import Tensors
import Testing

/// Normals and roughness from albedo. Truth: the surface of the test's head moved in and out by known heights, and the frames
/// that glTF says loaders make (MikkTSpace: tangent along u in the surface, bitangent against v).
@Suite struct SkinMapsTests {
    private static let size = 1024
    private static let scene = TextureScene()
    private static let atlas = TextureAtlas(
        model: scene.model, size: size, regions: .plain(pointCount: scene.model.mean.count))
    private static let mapper = SkinMapper(atlas: atlas)
    private static let map = TexelMap(topology: scene.model.topology, size: size / 2)

    /// Grey skin of log luma log 0.3 + `detail` at texture coordinates.
    private static func texture(_ detail: (SIMD2<Float>) -> Float) -> Texture {
        var values = [Float](repeating: 0, count: 3 * size * size)
        for i in 0..<size * size {
            let uv = SIMD2(Float(i % size) + 0.5, Float(i / size) + 0.5) / Float(size)
            for c in 0..<3 { values[3 * i + c] = 0.3 * exp(detail(uv)) }
        }
        return Texture(
            albedo: FloatImage(width: size, height: size, channels: 3, values: values),
            confidence: FloatImage(width: size, height: size, channels: 1, filledWith: 1))
    }

    private static func normalized(_ v: SIMD3<Float>) -> SIMD3<Float> { v / (v * v).sum().squareRoot() }

    private static func cross(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> SIMD3<Float> {
        SIMD3(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
    }

    /// Place and smooth normal of each occupied texel in model space, metres.
    private static let places: (points: [SIMD3<Float>], normals: [SIMD3<Float>]) = {
        let normals = scene.model.topology.normals(points: scene.model.mean)
        func spread(_ values: [SIMD3<Float>]) -> [SIMD3<Float>] {
            map.interpolated(values.map { SIMD4($0, 0) }).map { SIMD3($0.x, $0.y, $0.z) }
        }
        return (spread(scene.model.mean), spread(normals).map(normalized))
    }()

    /// The map's normal of an occupied texel in model space, as a loader takes it.
    private static func normal(_ i: Int, _ maps: SkinMaps) -> SIMD3<Float> {
        let topology = scene.model.topology
        let corners = (0..<3).map { Int(topology.parts[0].triangles[3 * Int(map.triangles[i]) + $0]) }
        let p = corners.map { scene.model.mean[Int(topology.pointOfVertex[$0])] }
        let uv = corners.map { topology.uv[$0] }
        let (d, e) = (uv[1] - uv[0], uv[2] - uv[0])
        let determinant = d.x * e.y - d.y * e.x
        let alongU = ((p[1] - p[0]) * e.y - (p[2] - p[0]) * d.y) / determinant
        let alongV = ((p[2] - p[0]) * d.x - (p[1] - p[0]) * e.x) / determinant
        let n = places.normals[i]
        let tangent = normalized(alongU - n * (alongU * n).sum())
        let side: Float = (cross(n, tangent) * alongV).sum() > 0 ? -1 : 1
        let bitangent = cross(n, tangent) * side
        let at = 3 * Int(map.texels[i])
        func coded(_ c: Int) -> Float { 2 * Float(maps.normals.bytes[at + c]) / 255 - 1 }
        let scale = SkinMaps.normalScale
        return normalized(tangent * coded(0) * scale + bitangent * coded(1) * scale + n * coded(2))
    }

    /// A diagonal wave of 12 texels of the map, far above what the local mean takes away.
    @Test(arguments: [SIMD2<Float>(1, 0), SIMD2(0, 1), SIMD2(0.7, 0.7), SIMD2(0.7, -0.7)])
    func normalsAreThoseOfTheSurfaceMovedByTheHeights(direction: SIMD2<Float>) throws {
        let side = Self.size / 2
        func wave(_ uv: SIMD2<Float>) -> Float { 0.1 * sin(2 * .pi / 12 * Float(side) * (uv * direction).sum()) }
        let maps = Self.mapper.maps(of: Self.texture(wave))
        var numbers = [Int](repeating: -1, count: side * side)
        for (i, texel) in Self.map.texels.enumerated() { numbers[Int(texel)] = i }
        let (points, normals) = Self.places
        func moved(_ i: Int) -> SIMD3<Float> {
            let texel = Int(Self.map.texels[i])
            let uv = SIMD2(Float(texel % side) + 0.5, Float(texel / side) + 0.5) / Float(side)
            return points[i] + normals[i] * SkinMapper.depth * wave(uv)
        }
        var (both, truth, found) = (Float(0), Float(0), Float(0))
        for y in stride(from: side * 3 / 10, to: side * 7 / 10, by: 3) {
            for x in stride(from: side / 5, to: side * 4 / 5, by: 3) {
                let (left, right) = (numbers[y * side + x - 1], numbers[y * side + x + 1])
                let (above, below) = (numbers[(y - 1) * side + x], numbers[(y + 1) * side + x])
                func normal(_ place: (Int) -> SIMD3<Float>) -> SIMD3<Float> {
                    Self.normalized(Self.cross(place(right) - place(left), place(above) - place(below)))
                }
                let i = numbers[y * side + x]
                let (a, b) = (normal(moved) - normal { points[$0] }, Self.normal(i, maps) - normals[i])
                both += (a * b).sum()
                truth += (a * a).sum()
                found += (b * b).sum()
            }
        }
        let (strength, likeness) = (both / truth, both / (truth * found).squareRoot())
        print("normals along \(direction): strength \(strength), correlation \(likeness)")
        #expect(strength > 0.8 && strength < 1.1 && likeness > 0.97)
    }

    @Test func aDarkDotIsAPitWhoseWallsFaceItsMiddle() throws {
        let side = Self.size / 2
        let middle = SIMD2(200, 230)
        let maps = Self.mapper.maps(
            of: Self.texture { uv in
                let d = uv * Float(side) - SIMD2(Float(middle.x) + 0.5, Float(middle.y) + 0.5)
                return -0.3 * exp(-(d * d).sum() / (2 * 2.25))
            })
        func code(_ dx: Int, _ dy: Int, _ channel: Int) -> Int {
            Int(maps.normals.bytes[3 * ((middle.y + dy) * side + middle.x + dx) + channel])
        }
        #expect(code(2, 0, 0) < 124 && code(-2, 0, 0) > 132, "left of the dot the surface falls to the right")
        #expect(code(0, 2, 1) > 132 && code(0, -2, 1) < 124, "below the dot it faces up, and green is up")
        #expect((127...129).contains(code(0, 0, 0)) && (127...129).contains(code(0, 0, 1)))
        // In the model: normals lean to the dot's middle all around it.
        let (points, normals) = Self.places
        let centre = points[try #require(Self.map.texels.firstIndex(of: UInt32(middle.y * side + middle.x)))]
        for (i, texel) in Self.map.texels.enumerated() {
            let (dx, dy) = (Int(texel) % side - middle.x, Int(texel) / side - middle.y)
            guard (2...6).contains(dx * dx + dy * dy) else { continue }
            let lean = (Self.normal(i, maps) - normals[i]) * Self.normalized(centre - points[i])
            #expect(lean.sum() > 0.005, "\(dx), \(dy): \(lean.sum())")
        }
        // Pores are rougher than the skin around.
        func rough(_ dx: Int) -> UInt8 { maps.roughness.bytes[3 * (middle.y * side + middle.x + dx) + 1] }
        #expect(rough(0) > rough(20))
    }

    @Test func flatSkinIsFlatAndNoMetal() {
        let maps = Self.mapper.maps(of: Self.texture { _ in 0 })
        #expect((0..<maps.normals.bytes.count).allSatisfy { maps.normals.bytes[$0] == ($0 % 3 == 2 ? 255 : 128) })
        #expect(stride(from: 2, to: maps.roughness.bytes.count, by: 3).allSatisfy { maps.roughness.bytes[$0] == 0 })
    }

    @Test func hairIsRoughAndHasNoPores() {
        let points = Self.scene.model.mean
        let regions = HeadRegions(
            insideFace: points.map { _ in 0.05 }, feature: points.map { _ in 0 },
            scalp: points.map { $0.y > 0.02 ? 1 : 0 }, interior: points.map { _ in .none })
        let atlas = TextureAtlas(model: Self.scene.model, size: 256, regions: regions)
        var generator = SeededGenerator(seed: 3)
        let noise = (0..<256 * 256 * 3).map { _ in Float(0.2 + 0.1 * generator.uniform()) }
        let maps = SkinMapper(atlas: atlas).maps(
            of: Texture(
                albedo: FloatImage(width: 256, height: 256, channels: 3, values: noise),
                confidence: FloatImage(width: 256, height: 256, channels: 1, filledWith: 1)))
        let map = TexelMap(topology: Self.scene.model.topology, size: 128)
        let heights = map.interpolated(points.map { SIMD4($0.y, 0, 0, 0) })
        var below = 0
        for (i, texel) in map.texels.enumerated() {
            let at = 3 * Int(texel)
            let flat = maps.normals.bytes[at] == 128 && maps.normals.bytes[at + 1] == 128
            if heights[i].x > 0.03 {
                #expect(flat && maps.roughness.bytes[at + 1] > 200)
            } else if heights[i].x < 0, !flat {
                below += 1
            }
        }
        #expect(below > 1000, "skin below the hair has relief")
    }
}
