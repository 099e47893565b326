internal import Foundation

/// Stochastic gradient descent with moments (Kingma & Ba 2015), for one array of parameters.
struct Adam: Sendable {
    private var first: [Float]
    private var second: [Float]
    private var steps = 0

    init(count: Int) {
        first = [Float](repeating: 0, count: count)
        second = first
    }

    mutating func step(_ values: inout [Float], gradient: [Float], rate: Float) {
        precondition(values.count == first.count && gradient.count == first.count, "\(values.count) parameters")
        steps += 1
        let (a, b): (Float, Float) = (0.9, 0.999)
        let scale = rate * (1 - powf(b, Float(steps))).squareRoot() / (1 - powf(a, Float(steps)))
        for i in values.indices {
            first[i] = a * first[i] + (1 - a) * gradient[i]
            second[i] = b * second[i] + (1 - b) * gradient[i] * gradient[i]
            values[i] -= scale * first[i] / (second[i].squareRoot() + 1e-8)
        }
    }
}
