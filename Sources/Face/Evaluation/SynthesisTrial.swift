internal import Foundation
package import Tensors

/// Skin of a known face hidden, synthesized by several ways, and the statistics of each compared with the truth.
package struct SynthesisTrial {
    /// A way to fill what is hidden.
    package enum Way: String, CaseIterable, Sendable {
        /// Nothing: the smooth colours.
        case smooth
        /// The other side's texels.
        case mirror
        case ours
        /// Ours with a network of random weights, and a database of its features.
        case random
        /// The database's mean correlations in place of the convex combination.
        case mean
        /// Those of the face with the most weight.
        case nearest
        /// The hidden skin's own correlations: what the best analysis could find.
        case own
    }

    /// A network, and a database of its features.
    package struct Features {
        package let network: FeatureNetwork
        /// See `DetailFeatures`.
        fileprivate let taps: [Int]
        fileprivate let largestDeep: Int
        package let relations: FaceRelations

        package init(_ contents: FaceDatabaseContents) {
            network = contents.network.network()
            (taps, largestDeep) = (contents.network.synthesizedTaps, contents.network.largestDeep)
            relations = FaceRelations(contents.database)
        }
    }

    /// A face whose skin is known.
    package struct Subject {
        package let fused: FusedTexture
        /// `fused`, complete.
        package let texture: Texture

        package init(fused: FusedTexture, texture: Texture) { (self.fused, self.texture) = (fused, texture) }
    }

    private let atlas: TextureAtlas
    private let albedo: AlbedoModel?
    private let pyramid: DetailPyramid
    private let features: Features
    private let random: Features?
    private let distance: DetailDistance
    private let options: DetailSynthesis.Options
    private let draws: Int

    /// - Parameters:
    ///   - albedo: tells the smooth colours of what is hidden.
    ///   - draws: how often each way synthesizes, from other random starts: distances, contrasts and symmetries are
    ///     their means, maps and textures the first one's.
    package init(
        atlas: TextureAtlas, albedo: AlbedoModel?, features: Features, random: Features?,
        options: DetailSynthesis.Options = DetailSynthesis.Options(), draws: Int = 1
    ) {
        precondition(draws > 0, "\(draws) draws")
        self.draws = draws
        self.atlas = atlas
        self.albedo = albedo
        pyramid = DetailPyramid(atlas: atlas)
        self.features = features
        self.random = random
        self.options = options
        distance = DetailDistance(size: atlas.size)
    }

    package func detail(of texture: Texture) -> DetailMap {
        DetailMap(texture, seen: texture.evidence, regions: pyramid.regions(at: atlas.size))
    }

    /// Texels of skin, by region: 1 where hidden.
    package func texels(ofRegions names: Set<String>) -> [Bool] {
        let regions = pyramid.regions(at: atlas.size)
        let numbers = Set(names.map { DetailRegions.names.firstIndex(of: $0)! })
        return regions.skin.indices.map { regions.plain[$0] > 0.5 && numbers.contains(Int(regions.first[$0])) }
    }

    /// Texels of the person's left half.
    package var leftHalf: [Bool] {
        var result = [Bool](repeating: false, count: atlas.size * atlas.size)
        let x = atlas.map.interpolated(atlas.model.mean.map { SIMD4($0.x, 0, 0, 0) })
        for (i, texel) in atlas.map.texels.enumerated() { result[Int(texel)] = x[i].x > 0 }
        return result
    }

    package struct Result {
        /// By way, over skin; 0 is the truth.
        package var distances: [Way: Double]
        /// The same with what is no skin and that no texture can foretell: brows that reach beyond their usual place, hairlines.
        package var distancesWithFeatures: [Way: Double]
        /// `textures`, looked at as the truth is.
        package var maps: [Way: DetailMap]
        /// As published: what was hidden has its smooth colours told, or mirrored, and a way's detail on them. Of the first draw.
        package var textures: [Way: Texture]
        /// What there was to go by.
        package var seen: DetailMap
        /// −1...1: how far the fine structure repeats that of the mirrored place, so far as that is seen.
        package var symmetry: [Way: Double]
        /// The same of the truth.
        package var trueSymmetry: Double
        /// Per scale of the filter bank, contrast beside the truth's.
        package var contrast: [Way: [Double]]
        /// How far the truth's own other side is, which no way may look at where both are hidden: the same person, the same
        /// light, and yet another piece of skin. Over the places that have one; `nil` where they are too few.
        package var otherSide: Double?
        /// How far two textures of the hidden skin's own statistics are from each other, which differ in the random start
        /// alone: what remains between the truth and a synthesis that knows everything but where things are. `nil` where
        /// `own` is not asked for.
        package var anotherDraw: Double?
        package var analysis: DetailAnalysis
        /// Per octave, finest first: contrast of our targets beside that of the truth's features, mean over what is seen of its
        /// regions.
        package var targetContrast: [Double]
    }

    /// - Parameters:
    ///   - hidden: per texel.
    ///   - judged: distances are over these, where the truth is evidence; the hidden ones when not given.
    ///   - given: what is there to go by in place of the truth's remaining texels: of a small picture.
    ///   - pixelsPerMetre: of that picture.
    /// - Returns: `nil` where too little of the truth is evidence.
    package func result(
        truth subject: Subject, hidden: [Bool], judged places: [[Bool]]? = nil, given: Texture? = nil,
        pixelsPerMetre: Double? = nil, ways: Set<Way>
    ) -> Result? {
        let truth = detail(of: subject.texture)
        let evidence = truth.evidence(reach: 8)
        // By the rule that the database's own statistics follow.
        let skin = truth.withoutFeatures(regions: pyramid.regions(at: truth.size), coarsest: pyramid.sizes.last!)
            .evidence(reach: 8)
        func judged(_ evidence: [Float]) -> [[Int]] {
            (places ?? [hidden]).map { group in group.indices.filter { group[$0] && evidence[$0] > 0 } }
                .filter { $0.count > 2000 }
        }
        let (groups, groupsWithFeatures) = (judged(skin), judged(evidence))
        guard !groups.isEmpty else { return nil }
        // As if what is hidden had never been seen: its smooth colours told, or mirrored.
        let texture =
            given
            ?? TextureAccumulator(atlas: atlas, albedo: albedo).filled(subject.fused.without(hidden, atlas: atlas))
        let filled = detail(of: texture)
        let regions = pyramid.regions(at: atlas.size)
        /// Published textures are looked at as the truth is.
        func lookedAt(_ texture: Texture) -> DetailMap {
            DetailMap(texture, seen: subject.texture.evidence, regions: regions)
        }
        let resolved = pixelsPerMetre.map { pyramid.resolved(pixelsPerMetre: $0) }
        // Only what is judged, and a margin, is synthesized: the rest of the head does not matter here.
        let whole = groupsWithFeatures.reduce(into: [Bool](repeating: false, count: hidden.count)) { all, group in
            for i in group { all[i] = true }
        }
        let within = grown(zip(whole, hidden).map { $0 || $1 })
        func analysis(_ features: Features) -> DetailAnalysis {
            var seen = DetailStatistics(
                of: filled, pyramid: pyramid, network: features.network, largestDeep: features.largestDeep)
            if let pixelsPerMetre { seen = seen.sharpened(pyramid: pyramid, pixelsPerMetre: pixelsPerMetre) }
            return DetailAnalysis(of: seen, relations: features.relations, resolved: resolved)
        }
        func complete(_ analysis: DetailAnalysis, _ features: Features, draw: Int) -> Texture {
            var options = options
            options.seed += UInt64(draw)
            let synthesis = DetailSynthesis(
                pyramid: pyramid, network: features.network, analysis: analysis, database: features.relations.database,
                shown: pixelsPerMetre.map { pyramid.shown(pixelsPerMetre: $0) }, taps: features.taps,
                options: options)
            let given = pixelsPerMetre.map { filled.sharpened(pyramid: pyramid, pixelsPerMetre: $0) } ?? filled
            let map = synthesis.complete(given, within: within)!
            let change = zip(map.values, filled.values).map { $0 - $1 }
            var result = texture
            result.add(
                change, regions: regions,
                sharpSize: pixelsPerMetre.map { pyramid.sharpSize(pixelsPerMetre: $0) } ?? pyramid.sizes[0])
            return result
        }
        func mean(_ groups: [[Int]], _ map: DetailMap, truth: DetailMap) -> Double {
            let sum = groups.reduce(0) { $0 + distance.distance(map.values, truth: truth.values, at: $1) }
            return sum / Double(groups.count)
        }
        let ours = analysis(features)
        let database = features.relations.database
        var result = Result(
            distances: [:], distancesWithFeatures: [:], maps: [:], textures: [:], seen: filled, symmetry: [:],
            trueSymmetry: 0,
            contrast: [:], otherSide: nil, anotherDraw: nil, analysis: ours,
            targetContrast: contrast(of: ours, beside: truth))
        for way in Way.allCases where ways.contains(way) {
            let make: (Int) -> Texture
            switch way {
            case .smooth, .mirror: make = { _ in texture }
            case .ours: make = { complete(ours, features, draw: $0) }
            case .random:
                guard let random else { continue }
                let analysis = analysis(random)
                make = { complete(analysis, random, draw: $0) }
            case .mean:
                let even = [Double](repeating: 1, count: database.faces)
                make = { complete(DetailAnalysis(weights: even, database: database), features, draw: $0) }
            case .nearest:
                let best = ours.weights.indices.max { ours.weights[$0] < ours.weights[$1] }!
                let one = ours.weights.indices.map { $0 == best ? 1.0 : 0 }
                make = { complete(DetailAnalysis(weights: one, database: database), features, draw: $0) }
            case .own:
                let statistics = DetailStatistics(of: truth, pyramid: pyramid, network: features.network)
                let ideal = DetailAnalysis(ideal: statistics, database: database)
                make = { complete(ideal, features, draw: $0) }
            }
            let count = way == .smooth || way == .mirror ? 1 : draws
            for draw in 0..<count {
                let texture = make(draw)
                let map = lookedAt(texture)
                if draw == 0 { (result.textures[way], result.maps[way]) = (texture, map) }
                func add(_ value: Double, to sums: inout [Way: Double]) {
                    sums[way, default: 0] += value / Double(count)
                }
                add(mean(groups, map, truth: truth), to: &result.distances)
                add(mean(groupsWithFeatures, map, truth: truth), to: &result.distancesWithFeatures)
                add(symmetry(map, at: groups.flatMap { $0 }, seen: filled), to: &result.symmetry)
                let contrast = distance.contrast(map.values, truth: truth.values, at: groups.flatMap { $0 })
                result.contrast[way] = zip(result.contrast[way] ?? contrast.map { _ in 0 }, contrast).map {
                    $0 + $1 / Double(count)
                }
            }
            if way == .own {
                let another = lookedAt(make(draws))
                result.anotherDraw = mean(groups, another, truth: result.maps[.own]!)
            }
        }
        result.otherSide = otherSide(of: truth, skin: skin, groups: groups)
        result.trueSymmetry = symmetry(truth, at: groups.flatMap { $0 }, seen: filled)
        return result
    }

    private func otherSide(of truth: DetailMap, skin: [Float], groups: [[Int]]) -> Double? {
        var other = truth.values
        var known = [Bool](repeating: false, count: other.count)
        for (i, texel) in atlas.map.texels.enumerated() {
            guard let from = counterpart(i), skin[from] > 0 else { continue }
            (other[Int(texel)], known[Int(texel)]) = (truth.values[from], true)
        }
        let usable = groups.map { $0.filter { known[$0] } }.filter { $0.count > 2000 }
        guard !usable.isEmpty else { return nil }
        let sum = usable.reduce(0) { $0 + distance.distance(other, truth: truth.values, at: $1) }
        return sum / Double(usable.count)
    }

    private func contrast(of analysis: DetailAnalysis, beside truth: DetailMap) -> [Double] {
        let own = DetailStatistics(of: truth, pyramid: pyramid, network: features.network)
        return pyramid.sizes.indices.map { octave in
            let ratios = (0..<DetailRegions.count).compactMap { region -> Double? in
                own.logEnergy(band: octave, region: region).map {
                    exp((analysis.energies[octave * DetailRegions.count + region] - $0) / 2)
                }
            }
            return ratios.reduce(0, +) / Double(max(ratios.count, 1))
        }
    }

    private func grown(_ mask: [Bool]) -> [Float] {
        var plane = Plane(width: atlas.size, height: atlas.size)
        for i in mask.indices { plane.pixels[i].x = mask[i] ? 1 : 0 }
        return plane.blurred(radius: 24, passes: 1).pixels.map { $0.x > 0.01 ? 1 : 0 }
    }

    /// The texel at the mirrored place of an occupied one.
    private func counterpart(_ i: Int) -> Int? {
        let m = atlas.map.mirror[i]
        let size = Float(atlas.size)
        return m.x >= 0 && m.y >= 0 && m.x < size && m.y < size ? Int(m.y) * atlas.size + Int(m.x) : nil
    }

    /// Correlation with the mirrored place.
    private func symmetry(_ map: DetailMap, at texels: [Int], seen: DetailMap) -> Double {
        let wanted = Set(texels)
        var (ab, aa, bb) = (0.0, 0.0, 0.0)
        for (i, texel) in atlas.map.texels.enumerated() where wanted.contains(Int(texel)) {
            guard let other = counterpart(i), seen.seen[other] > 0.9 else { continue }
            let (a, b) = (Double(map.values[Int(texel)]), Double(map.values[other]))
            ab += a * b
            aa += a * a
            bb += b * b
        }
        return aa > 0 && bb > 0 ? ab / (aa * bb).squareRoot() : 0
    }
}

extension FusedTexture {
    /// As if these texels had never been seen.
    /// - Parameter hidden: by texel of the atlas.
    fileprivate func without(_ hidden: [Bool], atlas: TextureAtlas) -> FusedTexture {
        var result = self
        let (size, side) = (atlas.size, atlas.size / 4)
        for texel in hidden.indices where hidden[texel] {
            // And the blocks around, from which a texel's share is interpolated.
            let (x, y) = (texel % size / 4, texel / size / 4)
            for v in max(y - 1, 0)...min(y + 1, side - 1) {
                for u in max(x - 1, 0)...min(x + 1, side - 1) {
                    result.coarse.pixels[v * side + u].w = 0
                    result.confidence[v * side + u] = 0
                }
            }
        }
        return result
    }
}
