internal import Foundation
internal import Tensors

/// What analyses of any person have in common: how alike the database's faces are in each of its blocks, and how far what one
/// region shows tells of another. Made once per database.
package struct FaceRelations: Sendable {
    package let database: FaceDatabase
    /// Per block, faces × faces: products of the faces' differences from the mean, in units of the block's spread.
    let products: [[Double]]
    /// regions × regions, 0...1: alignment of two regions' products (Cortes et al. 2012): 1 where the faces that are alike in
    /// the one are alike in the other.
    package let alignment: [Double]
    let contrast: FaceContrast

    package init(_ database: FaceDatabase) {
        self.database = database
        contrast = FaceContrast(database)
        let (n, regions) = (database.faces, DetailRegions.count)
        let products = database.blocks.indices.map { $0 }.mapConcurrently { i -> [Double] in
            let block = database.blocks[i]
            guard database.spreads[i] > 0 else { return [Double](repeating: 0, count: n * n) }
            let rows = Matrix(rows: n, columns: block.mean.count, values: block.differences.map { Double($0) })
            let unit = Double(block.scale) * Double(block.scale) / database.spreads[i]
            return rows.times(rows, otherTransposed: true).values.map { unit * $0 }
        }
        var sums = [[Double]](repeating: [Double](repeating: 0, count: n * n), count: regions)
        for (i, product) in products.enumerated() {
            for j in product.indices { sums[i % regions][j] += product[j] }
        }
        func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        let lengths = sums.map { dot($0, $0).squareRoot() }
        alignment = (0..<regions * regions).map { i in
            let (a, b) = (i / regions, i % regions)
            let length = lengths[a] * lengths[b]
            return a == b ? 1 : length > 0 ? max(dot(sums[a], sums[b]) / length, 0) : 0
        }
        self.products = products
    }
}
