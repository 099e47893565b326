internal import Face
internal import Foundation

/// Two diagrams of many trials as SVG: how often the error stays within what was told, and the error against seconds.
package enum TrialPlot {
    private static let side = 320.0
    private static let colours = ["#1b6ca8", "#c0504d", "#5b8c3e", "#8064a2", "#d98c21", "#3aa0a0"]

    package static func svg(_ trials: [ShapeTrial]) -> String {
        let last = trials.map(\.seconds).max() ?? 0
        let names = trials.map(\.name).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let calibration = panel(
            x: 60, title: "Calibration after \(Int(last)) s", across: "share that the deviation told promises",
            up: "share of the face within it", right: 1, top: 1,
            lines: [("as promised", "#999999", [SIMD2(0, 0), SIMD2(1, 1)])]
                + trials.filter { $0.seconds == last }.map { trial in
                    (
                        trial.name, colour(trial.name, names),
                        promised.map { SIMD2($0.share, trial.covered(within: $0.count)) }
                    )
                })
        let highest = trials.map { max($0.fitted.free.median, $0.unfitted.free.median) }.max() ?? 1
        let top = (highest * 2.5).rounded(.up) / 2.5
        let curves = names.map { name -> Line in
            let own = trials.filter { $0.name == name }.sorted { $0.seconds < $1.seconds }
            let start = own.first.map { [SIMD2(0, $0.unfitted.free.median)] } ?? []
            return (name, colour(name, names), start + own.map { SIMD2($0.seconds, $0.fitted.free.median) })
        }
        let errors = panel(
            x: 480, title: "Median error, NoW protocol (0 s: the mean head)", across: "seconds of film",
            up: "millimetres", right: max(last, 1), top: top, lines: curves)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="840" height="420" font-family="sans-serif" font-size="12">
            <rect width="840" height="420" fill="white"/>
            \(calibration)\(errors)</svg>

            """
    }

    /// A normal error's share within so many deviations.
    private static let promised: [(count: Double, share: Double)] = stride(from: 0.0, through: 3, by: 0.1).map {
        ($0, erf($0 / 2.0.squareRoot()))
    }

    private typealias Line = (name: String, colour: String, points: [SIMD2<Double>])

    private static func colour(_ name: String, _ names: [String]) -> String {
        colours[(names.firstIndex(of: name) ?? 0) % colours.count]
    }

    private static func panel(
        x: Double, title: String, across: String, up: String, right: Double, top: Double, lines: [Line]
    ) -> String {
        func number(_ value: Double) -> String { String(format: "%.4g", value) }
        func place(_ p: SIMD2<Double>) -> String { "\(number(p.x / right * side)),\(number(side - p.y / top * side))" }
        var text = "<g transform=\"translate(\(x),40)\"><text y=\"-12\" font-size=\"14\">\(title)</text>"
        for step in 0...4 {
            let (share, at) = (Double(step) / 4, side * Double(step) / 4)
            text += "<path d=\"M0 \(side - at)H\(side)M\(at) 0V\(side)\" stroke=\"#e4e4e4\"/>"
            text += "<text x=\"\(at)\" y=\"\(side + 16)\" text-anchor=\"middle\">\(number(share * right))</text>"
            text += "<text x=\"-6\" y=\"\(side - at + 4)\" text-anchor=\"end\">\(number(share * top))</text>"
        }
        text += "<text x=\"\(side / 2)\" y=\"\(side + 36)\" text-anchor=\"middle\">\(across)</text>"
        text += "<text transform=\"translate(-44,\(side / 2)) rotate(-90)\" text-anchor=\"middle\">\(up)</text>"
        for (i, line) in lines.enumerated() {
            let points = line.points.map(place).joined(separator: " ")
            text += "<polyline points=\"\(points)\" fill=\"none\" stroke=\"\(line.colour)\" stroke-width=\"1.5\"/>"
            guard lines.count <= 8 else { continue }
            text += "<text x=\"\(side - 8)\" y=\"\(side - 12 - 15 * Double(lines.count - 1 - i))\" text-anchor=\"end\" "
            text += "fill=\"\(line.colour)\">\(line.name)</text>"
        }
        return text + "</g>\n"
    }
}
