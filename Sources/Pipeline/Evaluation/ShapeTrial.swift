package import Face
internal import Foundation
internal import Tensors
package import Video

/// One film of a head whose shape is known, fitted after some of its seconds: what came out beside the truth, and beside
/// the mean head, which is what one has without looking.
package struct ShapeTrial: Sendable {
    package let name: String
    package let seconds: Double
    package let fitted: HeadComparison
    package let unfitted: HeadComparison
    package let fit: ShapeFit
    /// Per point of the scan: its distance over the deviation told at the nearest place.
    package let ratios: [Double]
    /// Pixels.
    package let focal: Double

    /// - Parameters:
    ///   - times: seconds of the film to fit after, ascending; each is a fit of its own.
    ///   - scan, focal: the truth.
    package static func run(
        name: String, film: VideoSource, after times: [Double], scan: HeadScan, focal: Double, model: MorphableModel,
        models: String
    ) throws -> [ShapeTrial] {
        try times.map { time in
            let keyframes = try Keyframes.selected(from: film, until: time, models: models)
            guard !keyframes.isEmpty else { throw Failure(.noFace, "no usable face in \(film)") }
            var estimator = ShapeEstimator(model: model)
            let fit = estimator.absorb(keyframes: keyframes)
            let head = model.points(identity: fit.identity)
            let fitted = compare(model, head, scan)
            return ShapeTrial(
                name: name, seconds: time, fitted: fitted, unfitted: compare(model, model.mean, scan), fit: fit,
                ratios: ratios(fitted, told: fit.deviation, head: head), focal: focal)
        }
    }

    private static func compare(_ model: MorphableModel, _ points: [SIMD3<Float>], _ scan: HeadScan) -> HeadComparison {
        HeadComparison(
            TriangleSurface(skinOf: model, points: points),
            landmarks7: NoWLandmarks.places(model: model, points: points).map { SIMD3<Double>($0) }, with: scan)
    }

    private static func ratios(
        _ fitted: HeadComparison, told: ShapeDeviation, head: [SIMD3<Float>]
    ) -> [Double] {
        zip(fitted.free.all, fitted.places).map { distance, place in
            let nearest = told.points.indices.min {
                let (a, b) = (head[told.points[$0]] - place.position, head[told.points[$1]] - place.position)
                return (a * a).sum() < (b * b).sum()
            }
            return nearest.map { distance / told.atPoints[$0] } ?? .infinity
        }
    }

    /// Share of the scan's points whose distance is no larger than so many of the deviations told there.
    package func covered(within count: Double) -> Double {
        Double(ratios.count { $0 <= count }) / Double(max(ratios.count, 1))
    }

    package static let heading =
        "                    s    median (mean head)  mean   metric   nose mouth  eyes cheek   jaw  brow   focal   size"
        + "    rms / told  in 1σ  in 2σ"

    package var line: String {
        func number(_ x: Double, _ format: String = "%6.2f") -> String { String(format: format, x) }
        let regions = HeadScan.Region.allCases.map { number(fitted.free.regions[$0] ?? .nan) }.joined()
        let label = name.padding(toLength: 16, withPad: " ", startingAt: 0)
        return label + number(seconds, "%6.1f") + number(fitted.free.median, "%10.2f")
            + number(unfitted.free.median, " (%.2f)") + number(fitted.free.mean, "%13.2f")
            + number(fitted.metric.median, "%9.2f") + " " + regions + number((fit.focal / focal - 1) * 100, "%+7.1f %%")
            + number((1 / fitted.free.size - 1) * 100, "%+6.1f %%")
            + number(fitted.free.rootMeanSquare, "%8.2f") + number(fit.deviation.surface, " / %.2f")
            + number(covered(within: 1) * 100, "%6.0f %%") + number(covered(within: 2) * 100, "%5.0f %%")
    }

    /// The mean over trials of everything, as one line of the table.
    package static func summary(_ trials: [ShapeTrial]) -> String {
        func mean(_ value: (ShapeTrial) -> Double) -> Double {
            trials.reduce(0) { $0 + value($1) } / Double(max(trials.count, 1))
        }
        func root(_ value: (ShapeTrial) -> Double) -> Double { mean { value($0) * value($0) }.squareRoot() }
        let regions = HeadScan.Region.allCases.map { region in
            String(format: "%6.2f", mean { $0.fitted.free.regions[region] ?? .nan })
        }
        return "mean of \(trials.count)".padding(toLength: 16, withPad: " ", startingAt: 0)
            + String(
                format: "%6.1f%10.2f (%.2f)%13.2f%9.2f ", trials.first?.seconds ?? 0, mean { $0.fitted.free.median },
                mean { $0.unfitted.free.median }, mean { $0.fitted.free.mean }, mean { $0.fitted.metric.median })
            + regions.joined()
            + String(
                format: "  ±%4.1f %%  ±%3.1f %%%8.2f / %.2f", root { ($0.fit.focal / $0.focal - 1) * 100 },
                root { (1 / $0.fitted.free.size - 1) * 100 }, root { $0.fitted.free.rootMeanSquare },
                root { $0.fit.deviation.surface })
            + String(
                format: "%6.0f %%%5.0f %%", mean { $0.covered(within: 1) } * 100, mean { $0.covered(within: 2) } * 100)
    }
}
