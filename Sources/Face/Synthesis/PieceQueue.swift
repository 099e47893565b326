/// Pieces in reading order, and some side by side where the result is that of one after the other all the same.
package struct PieceQueue {
    private let pieces: [DetailPiece]
    private var left: [Int]
    private var running: [Int] = []

    package init(_ pieces: [DetailPiece]) {
        self.pieces = pieces
        left = Array(pieces.indices)
    }

    /// The first that neither looks at what a piece before it is still to change nor changes what such a piece looks at; `nil`
    /// where there is none until another is finished.
    package mutating func take() -> Int? {
        for (place, k) in left.enumerated() {
            guard running.allSatisfy({ !pieces[k].concerns(pieces[$0]) }),
                left[..<place].allSatisfy({ !pieces[k].concerns(pieces[$0]) })
            else { continue }
            left.remove(at: place)
            running.append(k)
            return k
        }
        return nil
    }

    package mutating func finish(_ piece: Int) { running.removeAll { $0 == piece } }
}
