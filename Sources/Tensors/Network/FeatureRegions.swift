/// The regions whose correlations are looked at, of one picture size and a network's taps, and what follows: the tiles of
/// each layer's map that they depend on. Made once for many evaluations.
package final class FeatureRegions: Sendable {
    package let picture: MapShape
    /// Of each tap, on its map.
    package let places: [[Places]]
    /// Of each layer's output, up to the last tap's.
    let tiles: [TileSet]
    /// Of the picture: where its gradient is not zero.
    let pictureTiles: TileSet

    /// - Parameter places: of each tap its regions; `network.tapShapes(picture)` are their maps.
    package init(of network: FeatureNetwork, picture: MapShape, places: [[Places]]) {
        precondition(places.count == network.taps.count, "regions of \(places.count) taps of \(network.taps.count)")
        self.picture = picture
        self.places = places
        let shapes = network.shapes(picture)
        var tiles: [TileSet] = []
        var reach = TileSet.Reach.kernel(side: 1)
        for i in (0...network.taps.last!).reversed() {
            let regions = network.taps.firstIndex(of: i).map { places[$0] } ?? []
            tiles.append(TileSet(shapes[i], holding: regions, and: tiles.last, reach: reach))
            switch network.layers[i] {
            case .convolution(let layer): reach = .kernel(side: layer.side)
            case .pooling: reach = .pooling
            }
        }
        pictureTiles = TileSet(picture, holding: [], and: tiles.last, reach: reach)
        self.tiles = tiles.reversed()
    }

    /// Whether anything looks at a layer's output.
    func needs(_ layer: Int) -> Bool { layer < tiles.count && !tiles[layer].tiles.isEmpty }

    /// Share of the layers' maps that is worked on, each map counted by its pixels.
    package var share: Double {
        let all = tiles.reduce(0) { $0 + $1.across * $1.down }
        return Double(tiles.reduce(0) { $0 + $1.tiles.count }) / Double(max(all, 1))
    }
}
