/// All that the texture stages know of a model's skin atlas before any picture: computed once, shared by all fits.
package struct TextureAtlas: Sendable {
    package let model: MorphableModel
    /// Texels along one side of the complete map.
    package let size: Int
    /// Where the full texels lie, and the 4 × 4 blocks of them that light and levels are worked out on.
    package let map: TexelMap
    package let coarseMap: TexelMap
    package let regions: HeadRegions
    let warp: LandmarkWarp
    /// All parts' triangles as points, and whether each may hide skin without being skin.
    let occluders: [UInt32]
    let hides: [Bool]
    /// Area of each skin triangle in the atlas, in units of the whole (0...1).
    let uvAreas: [Float]
    let skinTriangles: [UInt32]
    /// (size / 4)²: (insideFace, feature, scalp, interior as 0 or 1) of each coarse texel.
    let coarseRegions: [SIMD4<Float>]
    /// `nil` without landmarks.
    let hangingHair: HangingHair?
    /// `nil` without landmarks.
    let strangeSkin: StrangeSkin?
    /// G: the neighbours of each point over the skin's edges.
    package let neighbours: PointNeighbours
    /// Per entry of `neighbours`: low between brows, lips, lids and the skin around them, which has none of their colour.
    let conductances: [Float]
    /// A difference in `HeadRegions.feature` that halves it.
    private static let alike: Float = 0.1
    /// Root mean square length of the skin's edges on the mean head, metres.
    let edgeLength: Float

    /// - Parameters:
    ///   - size: a multiple of 16.
    ///   - regions: the head's anatomy; found from the model's landmarks when not given.
    package init(model: MorphableModel, size: Int = 1024, regions: HeadRegions? = nil) {
        precondition(size > 0 && size % 16 == 0, "atlas of \(size) texels is not a multiple of 16")
        let topology = model.topology
        self.model = model
        self.size = size
        map = TexelMap(topology: topology, size: size)
        coarseMap = TexelMap(topology: topology, size: size / 4)
        let regions = regions ?? HeadRegions(model: model)
        self.regions = regions
        warp = LandmarkWarp(model: model)
        var occluders: [UInt32] = []
        var hides: [Bool] = []
        // Lashes are strips far wider than the hairs on them: as occluders they would blind the lids.
        for part in topology.parts where part.material != .lashes {
            occluders += part.triangles.map { topology.pointOfVertex[Int($0)] }
            hides += [Bool](repeating: part.material != .skin, count: part.triangles.count / 3)
        }
        self.occluders = occluders
        self.hides = hides
        let skin = topology.parts.first { $0.material == .skin }?.triangles ?? []
        skinTriangles = skin.map { topology.pointOfVertex[Int($0)] }
        uvAreas = stride(from: 0, to: skin.count, by: 3).map { t in
            let a = topology.uv[Int(skin[t])]
            let (u, v) = (topology.uv[Int(skin[t + 1])] - a, topology.uv[Int(skin[t + 2])] - a)
            return abs(u.x * v.y - u.y * v.x) / 2
        }
        coarseRegions = coarseMap.spread(
            coarseMap.interpolated(
                model.mean.indices.map {
                    SIMD4(
                        regions.insideFace[$0], regions.feature[$0], regions.scalp[$0],
                        regions.interior[$0] == .none ? 0 : 1)
                }))
        // The base of the nose, and the outer corner of an eye.
        let anchors = [2, 263].compactMap { n in model.landmarks.count > n ? model.landmarks[n] : nil }
        if anchors.count == 2, anchors.allSatisfy({ $0.deviation.isFinite }) {
            let (nose, eye) = (anchors[0].place(on: model.mean), anchors[1].place(on: model.mean))
            let places = coarseMap.spread(coarseMap.interpolated(model.mean.map { SIMD4($0, 0) }))
            hangingHair = HangingHair(regions: coarseRegions, places: places, lowest: nose.y, inmost: abs(eye.x))
            let normals = coarseMap.spread(
                coarseMap.interpolated(topology.normals(points: model.mean).map { SIMD4($0, 0) }))
            strangeSkin = StrangeSkin(
                regions: coarseRegions, places: places, normals: normals, heights: min(nose.y - 0.01, eye.y)..<eye.y)
        } else {
            (hangingHair, strangeSkin) = (nil, nil)
        }
        neighbours = PointNeighbours(triangles: skinTriangles, pointCount: topology.pointCount)
        conductances = neighbours.conductances(regions.feature, tolerance: Self.alike)
        var squares: Float = 0
        for t in stride(from: 0, to: skinTriangles.count, by: 3) {
            let edge = model.mean[Int(skinTriangles[t + 1])] - model.mean[Int(skinTriangles[t])]
            squares += (edge * edge).sum()
        }
        edgeLength = (3 * squares / Float(max(skinTriangles.count, 1))).squareRoot()
    }
}
