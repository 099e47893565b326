import Tensors
import Testing

/// Many soft, overlapping regions at once. Truth: the definition in plain loops, and one region after the other.
@Suite struct CorrelationTests {
    /// Two that overlap, one of scattered places, one that is empty.
    private static func regions(_ shape: MapShape) -> [Places] {
        let noise = NetworkTests.sequence(shape.pixels, seed: 41, scale: 1)
        let masks: [(Int) -> Float] = [
            { $0 % shape.width < shape.width * 2 / 3 ? 0.5 + noise[$0] / 2 : 0 },
            { $0 % shape.width > shape.width / 2 ? 1 : 0 }, { max(noise[$0] - 0.8, 0) }, { _ in 0 },
        ]
        return masks.map { mask in Places(mask: (0..<shape.pixels).map(mask).span) }
    }

    private static func slope(_ channels: Int, seed: UInt32) -> [Float] {
        let n = channels + 1
        var slope = NetworkTests.sequence(n * n, seed: seed, scale: 1)
        for r in 0..<n { for c in 0..<r { slope[r * n + c] = slope[c * n + r] } }
        return slope
    }

    @Test(arguments: [(16, 31, 67), (24, 50, 49), (40, 3, 5), (32, 120, 131)])
    func sumsAndGradientsAreTheirDefinition(channels: Int, height: Int, width: Int) {
        let shape = MapShape(channels: channels, height: height, width: width)
        let map = NetworkTests.map(shape, seed: 8)
        let planar = map.planar
        let regions = Self.regions(shape)
        let n = channels + 1
        func element(_ c: Int, _ p: Int) -> Double { c == channels ? 1 : Double(planar[c * shape.pixels + p]) }
        let found = Correlations.of(map, at: regions)
        for (places, found) in zip(regions, found) {
            for (a, b) in [(0, 0), (3, 15), (channels - 1, 2), (channels, channels), (9, channels)] {
                let truth = zip(places.pixels, places.weights).reduce(0.0) {
                    $0 + Double($1.1) * element(a, Int($1.0)) * element(b, Int($1.0))
                }
                #expect(abs(found.sums[a * n + b] - truth) < 1e-3)
            }
        }

        let slopes = regions.indices.map { Self.slope(channels, seed: UInt32(70 + $0)) }
        let start = NetworkTests.map(shape, seed: 9)
        let before = start.planar
        var truth = before.map { Double($0) }
        for (places, slope) in zip(regions, slopes) {
            for (p, w) in zip(places.pixels, places.weights) {
                for c in 0..<channels {
                    truth[c * shape.pixels + Int(p)] += (0..<n).reduce(0.0) {
                        $0 + 2 * Double(w) * Double(slope[c * n + $1]) * element($1, Int(p))
                    }
                }
            }
        }
        Correlations.addGradients(slopes: slopes, of: map, at: regions, to: start)
        #expect(NetworkTests.difference(start.planar, truth) < 1e-5)
        let fresh = NetworkTests.map(shape, seed: 10)
        Correlations.addGradients(slopes: slopes, of: map, at: regions, to: fresh, clearing: true, rectifying: true)
        let rectified = truth.indices.map { planar[$0] > 0 ? truth[$0] - Double(before[$0]) : 0 }
        #expect(NetworkTests.difference(fresh.planar, rectified) < 1e-5)
    }

    @Test func aNetworksGradientIsTheSameForAllRegionsAtOnce() {
        let network = NetworkTests.network()
        let picture = NetworkTests.map(MapShape(channels: 1, height: 61, width: 90), seed: 1)
        let maps = network.forward(picture)
        let regions = maps.map { Self.regions($0.shape) }
        let slopes = maps.enumerated().map { tap, map in
            regions[tap].indices.map { Self.slope(map.shape.channels, seed: UInt32(90 + 7 * tap + $0)) }
        }
        let singly = zip(maps, regions).map { map, regions in regions.map { Correlations(of: map, at: $0) } }
        let (slow, fast) = (FeatureMap(picture.shape), FeatureMap(picture.shape))
        network.backward(into: slow) { tap, gradient in
            for (slope, places) in zip(slopes[tap], regions[tap]) {
                Correlations.addGradient(slope: slope, of: maps[tap], at: places, to: gradient)
            }
        }
        let prepared = FeatureRegions(of: network, picture: picture.shape, places: regions)
        // What other regions left in the buffers must not matter.
        for regions in [regions.map { $0.reversed() }, regions] {
            let other = FeatureRegions(of: network, picture: picture.shape, places: regions)
            _ = network.correlations(of: NetworkTests.map(picture.shape, seed: 11), at: other)
            network.backward(into: fast, slopes: slopes, at: other)
        }
        let found = network.correlations(of: picture, at: prepared)
        for (found, singly) in zip(found.joined(), singly.joined()) {
            #expect(NetworkTests.difference(found.sums.map { Float($0) }, singly.sums) < 1e-5)
        }
        network.backward(into: fast, slopes: slopes, at: prepared)
        #expect(NetworkTests.difference(fast.planar, slow.planar.map { Double($0) }) < 1e-5)
        let first = fast.planar
        _ = network.correlations(of: picture, at: prepared)
        network.backward(into: fast, slopes: slopes, at: prepared)
        #expect(fast.planar == first)
    }

    /// Deep layers that no region asks for, before and after they were, and maps that were given back.
    @Test func layersThatNobodyAsksForChangeNothing() {
        let network = NetworkTests.network()
        let picture = NetworkTests.map(MapShape(channels: 1, height: 61, width: 90), seed: 1)
        let maps = network.forward(picture)
        let everywhere = maps.map { Self.regions($0.shape) }
        let shallow = maps.indices.map { $0 == 0 ? everywhere[0] : [] }
        let another = NetworkTests.network()
        for regions in [shallow, everywhere, shallow] {
            let slopes = maps.enumerated().map { tap, map in
                regions[tap].indices.map { Self.slope(map.shape.channels, seed: UInt32(90 + 7 * tap + $0)) }
            }
            let (slow, fast) = (FeatureMap(picture.shape), FeatureMap(picture.shape))
            network.backward(into: slow) { tap, gradient in
                for (slope, places) in zip(slopes[tap], regions[tap]) {
                    Correlations.addGradient(slope: slope, of: maps[tap], at: places, to: gradient)
                }
            }
            let prepared = FeatureRegions(of: another, picture: picture.shape, places: regions)
            for _ in 0..<2 {
                let found = another.correlations(of: picture, at: prepared)
                #expect(found.map(\.count) == regions.map(\.count))
                for (found, places) in zip(found[0], regions[0]) {
                    let singly = Correlations(of: maps[0], at: places)
                    #expect(NetworkTests.difference(found.sums.map { Float($0) }, singly.sums) < 1e-5)
                }
                another.backward(into: fast, slopes: slopes, at: prepared)
                #expect(NetworkTests.difference(fast.planar, slow.planar.map { Double($0) }) < 1e-5)
                if regions[1].isEmpty { another.releaseMaps() }
            }
        }
    }

    /// Small regions of a large map, at its borders as well: the rest is not even looked at.
    @Test(arguments: [(0, 0, 9, 5), (40, 37, 20, 13), (80, 60, 10, 11), (0, 55, 90, 1)])
    func whatNoRegionNeedsIsLeftOut(x: Int, y: Int, width: Int, height: Int) {
        let network = NetworkTests.network()
        let picture = NetworkTests.map(MapShape(channels: 1, height: 71, width: 90), seed: 1)
        let maps = network.forward(picture)
        let regions = maps.enumerated().map { tap, map in
            let unit = tap == 0 ? 1 : 2
            return [
                Places(
                    mask: (0..<map.shape.pixels).map { p in
                        let (u, v) = (p % map.shape.width * unit, p / map.shape.width * unit)
                        return u >= x && u < x + width && v >= y && v < y + height ? 0.7 : 0
                    }.span)
            ]
        }
        let slopes = maps.map { [Self.slope($0.shape.channels, seed: 5)] }
        let (slow, fast) = (FeatureMap(picture.shape), FeatureMap(picture.shape))
        network.backward(into: slow) { tap, gradient in
            Correlations.addGradient(slope: slopes[tap][0], of: maps[tap], at: regions[tap][0], to: gradient)
        }
        let singly = zip(maps, regions).map { Correlations(of: $0, at: $1[0]) }
        let another = NetworkTests.network()
        let prepared = FeatureRegions(of: another, picture: picture.shape, places: regions)
        #expect(prepared.share < 0.7)
        let found = another.correlations(of: picture, at: prepared)
        for (found, singly) in zip(found, singly) {
            #expect(NetworkTests.difference(found[0].sums.map { Float($0) }, singly.sums) < 1e-5)
        }
        another.backward(into: fast, slopes: slopes, at: prepared)
        #expect(NetworkTests.difference(fast.planar, slow.planar.map { Double($0) }) < 1e-5)
    }
}
