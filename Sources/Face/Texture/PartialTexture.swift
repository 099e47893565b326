internal import Tensors

/// What one keyframe shows of the skin, unwrapped: colours as the camera saw them, light and all, and how well.
package struct PartialTexture: Sendable {
    /// `Keyframe.frame`.
    package private(set) var frame: Int
    package let size: Int
    /// What was seen of `texels`.
    private var seen: SeenBlocks
    /// (size / 4)²: linear colour of the seen texels of each block, weight = mean quality.
    var coarse: Plane
    /// G: unit normals in camera space.
    private var pointNormals: [SIMD3<Float>]
    /// `Keyframe.sharpness`: comparable between views of one source.
    var sharpness: Float
    /// The nose's turn away from the camera, 1 frontal: the cosine of the head's angle to the view.
    var frontality: Float
    /// G: where in the crop each point's colour was read, pixels.
    var places: [SIMD2<Float>]
    /// None where the person was not told from what is behind.
    let hair: HairColours

    fileprivate init(
        frame: Int, size: Int, texels: [SIMD4<UInt8>], coarse: Plane, pointNormals: [SIMD3<Float>], sharpness: Float,
        frontality: Float, places: [SIMD2<Float>], hair: HairColours
    ) {
        (self.frame, self.size, self.coarse, self.pointNormals) = (frame, size, coarse, pointNormals)
        (self.sharpness, self.frontality, self.places, self.hair) = (sharpness, frontality, places, hair)
        seen = SeenBlocks(of: texels, size: size)
    }

    /// `size × size`: sRGB-coded colour, and 255·√quality (0: not seen). Made anew each time: of many views few texels are
    /// looked at at once, and most of each are not seen.
    package var texels: [SIMD4<UInt8>] { seen.texels }

    /// Share of the texels' blocks that are kept.
    package var seenShare: Double { seen.share }

    /// (size / 4)²: unit normals in camera space.
    func normals(on atlas: TextureAtlas) -> [SIMD3<Float>] {
        let map = atlas.coarseMap
        return map.spread(map.interpolated(pointNormals.map { SIMD4($0.x, $0.y, $0.z, 0) })).map { n in
            let length = (n * n).sum().squareRoot()
            return length > 0 ? SIMD3(n.x, n.y, n.z) / length : SIMD3<Float>(0, 0, -1)
        }
    }

    /// (size / 4)²: unit normals in camera space, smoothed over some 5 mm: on lids, lips and nostrils light is what the
    /// surroundings let through rather than what a normal says.
    func shadingNormals(on atlas: TextureAtlas) -> [SIMD3<Float>] {
        let side = atlas.size / 4
        let plane = Plane(
            width: side, height: side, pixels: normals(on: atlas).map { SIMD4($0, 1) })
        return plane.blurred(radius: max(atlas.size / 256, 1), passes: 2).pixels.map { n in
            let length = (n.x * n.x + n.y * n.y + n.z * n.z).squareRoot()
            return length > 0 ? SIMD3(n.x, n.y, n.z) / length : SIMD3<Float>(0, 0, -1)
        }
    }

    /// How far beside its places a head would be read now: root mean square over the points that face the camera, pixels.
    func drift(to head: PosedHead) -> Float {
        precondition(places.count == head.points.count, "a view of another head")
        var sum: Float = 0
        var count: Float = 0
        for (place, p) in zip(places, head.points) where p[3] > 0.2 {
            let d = SIMD2(p[0] + p[4], p[1] + p[5]) - place
            sum += (d * d).sum()
            count += 1
        }
        return (sum / max(count, 1)).squareRoot()
    }

    /// The same view under another frame number.
    package func numbered(_ frame: Int) -> PartialTexture {
        var copy = self
        copy.frame = frame
        return copy
    }
}

extension TextureAtlas {
    /// Unwraps a keyframe onto the atlas. Quality (0...1) of a texel = cos²θ × source pixels per texel × distance to
    /// whatever hides skin × closeness to the neutral face.
    ///
    /// Hidden texels are found by a z-buffer of all parts at the crop's resolution; near eyes, teeth, silhouettes and
    /// depth steps quality fades to 0, as a fit is never exact. Colours are read where the tracker's landmarks say the
    /// surface is (`LandmarkWarp`), by a Catmull–Rom filter in linear light, from the crop's matching octave.
    /// - Parameters:
    ///   - points: G points of the head in model space as in this view (with its expression), metres.
    ///   - neutral: the same head without expression; points far from it are trusted less.
    ///   - focal: pixels; the principal point is the picture's middle.
    ///   - personMask: of the crop; nothing is taken from outside.
    package func project(
        _ keyframe: Keyframe, points: [SIMD3<Float>], neutral: [SIMD3<Float>]? = nil, pose: Pose, focal: Double,
        personMask: PersonMask? = nil
    ) -> PartialTexture {
        precondition(points.count == model.topology.pointCount, "\(points.count) points for the model's head")
        let head = PosedHead(
            atlas: self, keyframe: keyframe, points: points, neutral: neutral, pose: pose, focal: focal)
        return unwrap(keyframe, head: head, pose: pose, personMask: personMask)
    }

    /// `project` for a head that is already in its place.
    func unwrap(_ keyframe: Keyframe, head view: PosedHead, pose: Pose, personMask: PersonMask? = nil) -> PartialTexture
    {
        let (width, height) = (keyframe.crop.width, keyframe.crop.height)
        // A millimetre is as fine as a fit: larger pictures are tested at a fraction of their size, and all the more
        // so for small maps.
        let finest = max(0.0007 * min(max(Float(1024) / Float(size), 1), 4).squareRoot(), 0.0011)
        let step = max(Int(finest / view.metresPerPixel), 1)
        let (columns, rows) = (width / step, height / step)
        let clearance = self.clearance(view: view, step: step, width: columns, height: rows)
        let openings = self.openings(keyframe)
        var levels = [Plane(linear: keyframe.crop)]
        while levels.count < 4, levels[levels.count - 1].width > 32 { levels.append(levels[levels.count - 1].halved()) }

        var texels = [SIMD4<UInt8>](repeating: .zero, count: size * size)
        var coarse = Plane(width: size / 4, height: size / 4)
        let (codes, map) = (LightCode.codes, map)
        let extent = SIMD2<Float>(Float(width), Float(height))
        texels.withUnsafeMutableBufferPointer { texels in
            coarse.pixels.withUnsafeMutableBufferPointer { coarse in
                view.points.withUnsafeBufferPointer { points in
                    clearance.withUnsafeBufferPointer { clearance in
                        map.corners.withUnsafeBufferPointer { corners in
                            let metresPerPixel = view.metresPerPixel
                            let toCell = 1 / Float(step)
                            for i in corners.indices {
                                let corner = corners[i]
                                let w = map.weights[i]
                                let a = points[Int(corner.x)]
                                let p = a + (points[Int(corner.y)] - a) * w.x + (points[Int(corner.z)] - a) * w.y
                                let cosine = p[3]
                                guard cosine > 0.2 else { continue }
                                let (x, y) = (Int(p[0].rounded(.down)), Int(p[1].rounded(.down)))
                                guard x >= 0, y >= 0, x < columns * step, y < rows * step else { continue }
                                let clear = clearance[Int(p[1] * toCell) * columns + Int(p[0] * toCell)]
                                let slope = min((1 - cosine * cosine).squareRoot() / cosine, 4)
                                guard clear.x > 0, p[2] <= clear.y + 0.0015 + slope * metresPerPixel * Float(step)
                                else { continue }
                                let (u, v) = (p[0] + p[4], p[1] + p[5])
                                guard u > 1.5, v > 1.5, u < Float(width) - 1.5, v < Float(height) - 1.5 else {
                                    continue
                                }
                                let t = Int(map.triangles[i])
                                var quality = cosine * cosine * min((cosine - 0.2) / 0.25, 1)
                                quality *= clear.x * p[6] * view.resolutions[t]
                                if !openings.isEmpty { quality *= openings[Int(v) * width + Int(u)] }
                                if let personMask {
                                    let inside = personMask[SIMD2(u, v) / extent]
                                    quality *= min(max((inside - 0.35) / 0.3, 0), 1)
                                }
                                guard quality > 1e-4 else { continue }
                                let level = min(Int(view.octaves[t]), levels.count - 1)
                                let scale = 1 / Float(1 << level)
                                let colour = levels[level].catmullRom(u * scale, v * scale)
                                if max(colour.x, colour.y, colour.z) > 0.97 { quality *= 0.3 }
                                let texel = Int(map.texels[i])
                                let root =
                                    SIMD4(
                                        colour.x.squareRoot(), colour.y.squareRoot(), colour.z.squareRoot(), 0) * 4095
                                    + 0.5
                                texels[texel] = SIMD4(
                                    codes[min(Int(root.x), 4095)], codes[min(Int(root.y), 4095)],
                                    codes[min(Int(root.z), 4095)],
                                    UInt8(min(max(quality.squareRoot() * 255, 1), 255)))
                                let block = (texel / size / 4) * (size / 4) + (texel % size) / 4
                                coarse[block] += SIMD4(colour.x, colour.y, colour.z, 1) * quality
                            }
                        }
                    }
                }
            }
        }
        coarse = coarse.normalized(minimum: 1e-6)
        // Weight: mean quality over the block's texels (all 16, so a block at a chart's rim counts less).
        for i in coarse.pixels.indices { coarse.pixels[i].w /= 16 }
        let forward = pose.rotation.apply([0, 0, 1])
        let sight = pose.translation
        let frontality = -(forward * sight).sum() / (sight * sight).sum().squareRoot()
        return PartialTexture(
            frame: keyframe.frame, size: size, texels: texels, coarse: coarse.dilated(rings: 2),
            pointNormals: view.normals.map { SIMD3($0.x, $0.y, $0.z) }, sharpness: Float(keyframe.sharpness),
            frontality: Float(frontality),
            places: view.points.map { SIMD2($0[0] + $0[4], $0[1] + $0[5]) },
            hair: personMask.map {
                HairColours(of: view, octaves: levels, mask: $0, model: model, scalp: regions.scalp)
            } ?? .none)
    }

    /// Per pixel of the crop: 0 inside the eyes and the mouth's opening as the tracker saw them, 1 well outside. The fit's
    /// own lids are never so exact that no iris would be painted beside them. Empty without landmarks.
    private func openings(_ keyframe: Keyframe) -> [Float] {
        guard keyframe.landmarks.count >= 468 else { return [] }
        let (width, height) = (keyframe.crop.width, keyframe.crop.height)
        let origin = SIMD2<Float>(Float(keyframe.cropOrigin.x), Float(keyframe.cropOrigin.y))
        var clear = [Float](repeating: 1, count: width * height)
        // Zero and full trust at these shares of the opening's width: lids need more room than lips.
        for (ring, zero, one) in [
            (HeadRegions.leftEye, 0.015, 0.06), (HeadRegions.rightEye, 0.015, 0.06), (HeadRegions.mouth, 0.01, 0.035),
        ] as [([Int], Float, Float)] {
            let polygon = ring.map { keyframe.landmarks[$0] - origin }
            let low = polygon.reduce(polygon[0]) { pointwiseMin($0, $1) }
            let high = polygon.reduce(polygon[0]) { pointwiseMax($0, $1) }
            let across = max(high.x - low.x, 4)
            let reach = one * across + 1
            let (x0, x1) = (max(Int(low.x - reach), 0), min(Int(high.x + reach) + 1, width - 1))
            let (y0, y1) = (max(Int(low.y - reach), 0), min(Int(high.y + reach) + 1, height - 1))
            guard x0 <= x1, y0 <= y1 else { continue }
            for y in y0...y1 {
                for x in x0...x1 {
                    let d = -HeadRegions.signedDistance(SIMD2(Float(x) + 0.5, Float(y) + 0.5), polygon)
                    let t = (d - max(zero * across, 1.2)) / max((one - zero) * across, 1)
                    clear[y * width + x] = min(clear[y * width + x], min(max(t, 0), 1))
                }
            }
        }
        return clear
    }

    /// Per `step` × `step` pixels of the crop: how far (0...1) it is from anything that hides skin, and the depth of the
    /// surface there.
    private func clearance(view: PosedHead, step: Int, width: Int, height: Int) -> [SIMD2<Float>] {
        let scale = 1 / Float(step)
        let metresPerCell = view.metresPerPixel * Float(step)
        let positions = view.points.map { SIMD3($0[0] * scale, $0[1] * scale, $0[2]) }
        let buffer = Rasterizer.draw(positions: positions, triangles: occluders, width: width, height: height)
        let count = width * height
        var outside = [Bool](repeating: false, count: count)
        var foreign = outside
        var edge = outside
        let jump = 0.004 + 4 * metresPerCell
        for y in 0..<height {
            for x in 0..<width {
                let at = y * width + x
                let t = buffer.triangle[at]
                guard t >= 0 else {
                    outside[at] = true
                    continue
                }
                foreign[at] = hides[Int(t)]
                let z = buffer.depth[at]
                for next in [x + 1 < width ? at + 1 : at, y + 1 < height ? at + width : at]
                where buffer.triangle[next] >= 0 && abs(buffer.depth[next] - z) > jump {
                    edge[at] = true
                    edge[next] = true
                }
            }
        }
        let cells = 1 / metresPerCell
        let limit = 0.012 * cells + 4
        let fromOutside = distances(to: outside, width: width, height: height, limit: limit)
        let fromForeign = distances(to: foreign, width: width, height: height, limit: limit)
        let fromEdge = distances(to: edge, width: width, height: height, limit: limit)
        func ramp(_ distance: Float, _ zero: Float, _ one: Float) -> Float {
            min(max((distance - max(zero * cells, 0.5)) / max((one - zero) * cells, 1), 0), 1)
        }
        return (0..<count).map { at in
            guard buffer.triangle[at] >= 0, !foreign[at] else { return SIMD2(0, buffer.depth[at]) }
            let clear =
                ramp(fromOutside[at], 0.002, 0.008) * ramp(fromForeign[at], 0.0004, 0.0025)
                * ramp(fromEdge[at], 0.0008, 0.0035)
            return SIMD2(clear, buffer.depth[at])
        }
    }
}

/// A head as one view sees it.
struct PosedHead {
    /// G: crop x and y (pixels), camera z (metres), cosine to the view, landmark offset x and y (pixels), trust (0...1)
    /// for closeness to neutral, unused.
    var points: [SIMD8<Float>]
    /// G: unit normals in camera space (w unused).
    var normals: [SIMD4<Float>]
    /// Per skin triangle: quality factor of source pixels per texel (side by side, 1 at ≥ 0.6 for a 1024² map).
    var resolutions: [Float]
    /// Per skin triangle: which octave of the crop matches the texels.
    var octaves: [UInt8]
    var metresPerPixel: Float

    /// - Parameter followsLandmarks: colours are read where the landmarks say the surface is (texture wants that), and
    ///   not just where the fit puts it (which is what a fit wants to see).
    init(
        atlas: TextureAtlas, keyframe: Keyframe, points: [SIMD3<Float>], neutral: [SIMD3<Float>]?, pose: Pose,
        focal: Double, followsLandmarks: Bool = true
    ) {
        let rows = [pose.rotation.row0, pose.rotation.row1, pose.rotation.row2].map { SIMD3<Float>($0) }
        let shift = SIMD3<Float>(pose.translation)
        func rotate(_ p: SIMD3<Float>) -> SIMD3<Float> {
            SIMD3((rows[0] * p).sum(), (rows[1] * p).sum(), (rows[2] * p).sum())
        }
        let f = Float(focal)
        let centre = SIMD2(
            Float(keyframe.imageWidth) / 2 - Float(keyframe.cropOrigin.x),
            Float(keyframe.imageHeight) / 2 - Float(keyframe.cropOrigin.y))
        let modelNormals = atlas.model.topology.normals(points: points)
        var projected: [SIMD2<Float>] = []
        var facing: [Float] = []
        var depths: [Float] = []
        normals = []
        for (p, n) in zip(points, modelNormals) {
            let c = rotate(p) + shift
            let normal = rotate(n)
            depths.append(c.z)
            projected.append(SIMD2(c.x, c.y) * (f / c.z) + centre)
            facing.append(-(normal * c).sum() / (c * c).sum().squareRoot())
            normals.append(SIMD4(normal, 0))
        }
        metresPerPixel = Float((pose.translation * pose.translation).sum().squareRoot()) / f
        let origin = SIMD2(Float(keyframe.cropOrigin.x), Float(keyframe.cropOrigin.y))
        let offsets =
            followsLandmarks
            ? atlas.warp.offsets(
                observed: keyframe.landmarks.map { $0 - origin }, projected: projected, facing: facing,
                limit: 0.008 / metresPerPixel) : [SIMD2<Float>](repeating: .zero, count: projected.count)
        self.points = projected.indices.map { g in
            var trust: Float = 1
            if let neutral {
                let d = points[g] - neutral[g]
                trust = 1 / (1 + (d * d).sum() / (0.006 * 0.006))
            }
            return SIMD8(
                projected[g].x, projected[g].y, depths[g], facing[g], offsets[g].x, offsets[g].y, trust, 0)
        }
        let triangles = atlas.skinTriangles
        resolutions = []
        octaves = []
        for t in 0..<triangles.count / 3 {
            let a = projected[Int(triangles[3 * t])]
            let (u, v) = (projected[Int(triangles[3 * t + 1])] - a, projected[Int(triangles[3 * t + 2])] - a)
            let area = abs(u.x * v.y - u.y * v.x) / 2
            let pixelsPerUV = (area / max(atlas.uvAreas[t], 1e-12)).squareRoot()
            resolutions.append(min(max(pixelsPerUV / (0.6 * 1024), 0.02), 1))
            let footprint = pixelsPerUV / Float(atlas.size)
            octaves.append(footprint > 5.6 ? 3 : footprint > 2.8 ? 2 : footprint > 1.4 ? 1 : 0)
        }
    }
}

extension Plane {
    /// Catmull–Rom interpolation (Keys 1981, a = −½), clamped to the four nearest pixels' range widened by a quarter,
    /// so that edges are crisp but ring little. (x, y) at least 1.5 pixels inside.
    @inline(__always)
    func catmullRom(_ x: Float, _ y: Float) -> SIMD4<Float> {
        let (u, v) = (x - 0.5, y - 0.5)
        let i = min(max(Int(u.rounded(.down)), 1), width - 3)
        let j = min(max(Int(v.rounded(.down)), 1), height - 3)
        let (s, t) = (min(max(u - Float(i), 0), 1), min(max(v - Float(j), 0), 1))
        func kernel(_ t: Float) -> SIMD4<Float> {
            let (t2, t3) = (t * t, t * t * t)
            let cubic = SIMD4<Float>(-0.5, 1.5, -1.5, 0.5) * t3
            let square = SIMD4<Float>(1, -2.5, 2, -0.5) * t2
            let linear = SIMD4<Float>(-0.5, 0, 0.5, 0) * t
            return cubic + square + linear + SIMD4<Float>(0, 1, 0, 0)
        }
        let (kx, ky) = (kernel(s), kernel(t))
        return pixels.withUnsafeBufferPointer { pixels in
            var sum = SIMD4<Float>.zero
            for row in 0..<4 {
                let at = (j + row - 1) * width + i - 1
                var line = pixels[at] * kx.x
                line += pixels[at + 1] * kx.y
                line += pixels[at + 2] * kx.z
                line += pixels[at + 3] * kx.w
                sum += line * ky[row]
            }
            let at = j * width + i
            let (a, b, c, d) = (pixels[at], pixels[at + 1], pixels[at + width], pixels[at + width + 1])
            let low = pointwiseMin(pointwiseMin(a, b), pointwiseMin(c, d))
            let high = pointwiseMax(pointwiseMax(a, b), pointwiseMax(c, d))
            let slack = (high - low) * 0.25
            let (floor, ceiling) = (pointwiseMax(low - slack, .zero), high + slack)
            return pointwiseMax(pointwiseMin(sum, pointwiseMin(ceiling, .one)), floor)
        }
    }
}
