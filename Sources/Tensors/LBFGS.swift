internal import COpenBLAS

/// Limited-memory BFGS (Nocedal 1980; two-loop recursion and scaling as in Nocedal & Wright 2006, algorithm 7.4) with a
/// backtracking line search that asks for sufficient decrease. A state, not a loop: the holder evaluates, so that it can
/// stop, publish or change its mind between any two evaluations.
///
///     var search = LBFGS(start: x)
///     while … { search.take(value: f(search.point), gradient: g(search.point)) }
///     search.best
package struct LBFGS: Sendable {
    /// Where to evaluate next.
    package private(set) var point: [Float]
    /// The best place so far and its value.
    package private(set) var best: [Float]
    package private(set) var value = Double.infinity
    package private(set) var evaluations = 0
    /// Steps that went down.
    package private(set) var steps = 0
    /// No step along the last direction helps, or the gradient is zero: further evaluations change nothing.
    package private(set) var isFinished = false

    private let memory: Int
    /// The longest first step, in units of the point.
    private let firstStep: Float
    private var gradient: [Float] = []
    private var direction: [Float] = []
    private var slope = 0.0
    private var length: Float = 1
    private var tries = 0
    private var moves: [[Float]] = []
    private var turns: [[Float]] = []
    private var curvatures: [Double] = []

    package init(start: [Float], memory: Int = 8, firstStep: Float = 1) {
        point = start
        best = start
        self.memory = memory
        self.firstStep = firstStep
    }

    /// Takes the value and gradient at `point`, and says by `point` where to look next.
    package mutating func take(value newValue: Double, gradient newGradient: [Float]) {
        precondition(newGradient.count == point.count, "gradient of \(newGradient.count) at \(point.count)")
        guard !isFinished else { return }
        evaluations += 1
        if gradient.isEmpty || newValue <= value + 1e-4 * Double(length) * slope {
            if !gradient.isEmpty {
                remember(newGradient)
                steps += 1
            }
            best = point
            value = newValue
            gradient = newGradient
            tries = 0
            choose()
        } else {
            tries += 1
            // The parabola through both values and the slope, kept within bounds.
            let rise = newValue - value - Double(length) * slope
            let parabola = rise.isFinite ? Float(-slope * Double(length) / (2 * rise)) : 0
            length *= min(max(parabola, 0.1), 0.5)
            if tries == 6 {
                // What is remembered misleads: once more along the gradient.
                guard !moves.isEmpty else { return isFinished = true }
                (moves, turns, curvatures) = ([], [], [])
                tries = 0
                choose()
            }
        }
        go()
    }

    private mutating func remember(_ newGradient: [Float]) {
        var move = point
        var turn = newGradient
        move.add(-1, best)
        turn.add(-1, gradient)
        let curvature = move.dot(turn)
        // Only what is convex is of use.
        guard curvature > 1e-10 * turn.dot(turn) else { return }
        if moves.count == memory {
            moves.removeFirst()
            turns.removeFirst()
            curvatures.removeFirst()
        }
        moves.append(move)
        turns.append(turn)
        curvatures.append(curvature)
    }

    private mutating func choose() {
        var d = gradient
        var shares = [Double](repeating: 0, count: moves.count)
        for k in moves.indices.reversed() {
            shares[k] = moves[k].dot(d) / curvatures[k]
            d.add(Float(-shares[k]), turns[k])
        }
        if let last = turns.last, let curvature = curvatures.last { d.scale(Float(curvature / last.dot(last))) }
        for k in moves.indices {
            let share = turns[k].dot(d) / curvatures[k]
            d.add(Float(shares[k] - share), moves[k])
        }
        d.scale(-1)
        direction = d
        slope = d.dot(gradient)
        guard slope < 0 else {
            guard !moves.isEmpty else { return isFinished = true }
            (moves, turns, curvatures) = ([], [], [])
            return choose()
        }
        let largest = d.reduce(0) { max($0, abs($1)) }
        length = moves.isEmpty ? min(1, firstStep / largest) : 1
    }

    private mutating func go() {
        guard !isFinished else { return point = best }
        point = best
        point.add(length, direction)
    }
}

extension [Float] {
    fileprivate func dot(_ other: [Float]) -> Double {
        useOneThread()
        return cblas_dsdot(blasint(count), self, 1, other, 1)
    }
    fileprivate mutating func add(_ factor: Float, _ other: [Float]) {
        useOneThread()
        cblas_saxpy(blasint(count), factor, other, 1, &self, 1)
    }
    fileprivate mutating func scale(_ factor: Float) {
        useOneThread()
        cblas_sscal(blasint(count), factor, &self, 1)
    }
}
