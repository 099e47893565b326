internal import Foundation

/// MakeHuman's head sliders as a population: which targets there are, and how a plausible adult draws their weights.
///
/// The sliders are an artist's ranges and not a measured population; the widths below were chosen so that drawn heads
/// look like people and their sizes spread like adults' (head breadth about ±7 mm).
package struct HeadSliders: Sendable {
    /// Target names, `folder/name`, in a fixed order; a draw gives one weight for each.
    package let names: [String]
    private let indexOf: [String: Int]
    private let sliders: [Slider]

    /// One control: a target for each direction, on one or both sides of the face.
    private struct Slider {
        var positive: [Int]
        var negative: [Int]
        var width: Double
        /// Left and right of the same control share this.
        var pair: String
    }

    /// Standard deviations by folder, and those of single controls that reach farther (or less far) than their
    /// neighbours: with them no control alone moves a face by more than about 1.4 mm (root mean square, rigid part
    /// removed) per standard deviation, and the eyes stand 63 ± 3 mm apart.
    private static let folders: [String: Double] = [
        "head": 0.14, "forehead": 0.14, "eyebrows": 0.2, "eyes": 0.25, "nose": 0.23, "mouth": 0.2, "chin": 0.22,
        "cheek": 0.22, "ears": 0.18, "neck": 0.12,
    ]
    private static let controls: [String: Double] = [
        "forehead/forehead-nubian-decr": 0.03, "forehead/forehead-scale-vert-decr": 0.06,
        "head/head-scale-vert-decr": 0.11, "head/head-scale-horiz-decr": 0.16, "head/head-scale-depth-decr": 0.16,
        "head/head-angle-in": 0.08, "head/head-back-scale-depth-decr": 0.1, "eyes/eye-trans-in": 0.33,
        "chin/chin-height-decr": 0.12, "chin/chin-bones-decr": 0.15,
    ]
    private static let opposites = [
        "decr": "incr", "in": "out", "down": "up", "backward": "forward", "uncompress": "compress",
        "convex": "concave",
    ]
    private static let races = ["african", "asian", "caucasian"]

    /// - Parameter available: names of all targets, `folder/name`.
    package init(available: [String]) {
        let macro = Self.races.flatMap { race in
            ["female", "male"].flatMap { sex in ["young", "old"].map { "macrodetails/\(race)-\(sex)-\($0)" } }
        }
        let weight = ["female", "male"].flatMap { sex in
            ["young", "old"].flatMap { age in
                ["minweight", "averageweight", "maxweight"].map {
                    "macrodetails/universal-\(sex)-\(age)-averagemuscle-\($0)"
                }
            }
        }
        let detail = available.filter { name in
            let folder = String(name.prefix { $0 != "/" })
            // Sideways shifts of what lies on the mid-line make no face; eyes apart or close together do.
            let isShift = name.hasSuffix("trans-in") || name.hasSuffix("trans-out")
            return Self.folders[folder] != nil && !name.contains("ear-shape")
                && (!isShift || folder == "eyes") && !name.contains("cleft") && !name.contains("double")
                && !name.contains("head-age") && !name.contains("epicanthus-out")
        }.sorted()
        let asymmetric = available.filter { $0.hasPrefix("asym/asym-") }.sorted()
        names = (macro + weight).filter(available.contains) + detail + asymmetric
        var indexOf: [String: Int] = [:]
        for (i, name) in names.enumerated() { indexOf[name] = i }
        self.indexOf = indexOf
        sliders =
            Self.sliders(detail, indexOf)
            + asymmetric.map {
                Slider(positive: [indexOf[$0]!], negative: [], width: 0.12, pair: $0)
            }
    }

    private static func sliders(_ names: [String], _ indexOf: [String: Int]) -> [Slider] {
        var done: Set<String> = []
        var sliders: [Slider] = []
        for name in names where !done.contains(name) {
            let folder = String(name.prefix { $0 != "/" })
            let last = name.lastIndex(of: "-").map { String(name[name.index(after: $0)...]) } ?? ""
            let stem = String(name.dropLast(last.count))
            let partner = (opposites[last] ?? opposites.first { $0.value == last }?.key).map { stem + $0 }
            let isPair = partner.map { indexOf[$0] != nil } ?? false
            done.insert(name)
            if let partner, isPair { done.insert(partner) }
            // Named after its first direction: `trans-down` and `trans-in` are different controls.
            let pair = name.replacingOccurrences(of: "/l-", with: "/").replacingOccurrences(of: "/r-", with: "/")
            sliders.append(
                Slider(
                    positive: [indexOf[name]!], negative: isPair ? [indexOf[partner!]!] : [],
                    width: (controls[pair] ?? folders[folder] ?? 0.2) * (isPair ? 1 : 0.7), pair: pair))
        }
        return sliders
    }

    /// Target weights of one plausible adult.
    package func draw(_ generator: inout SeededGenerator) -> [Double] {
        var weights = [Double](repeating: 0, count: names.count)
        // Sex leans to either side; age from young to old; ancestry mixes.
        let male = min(max(0.5 + (generator.uniform() < 0.5 ? -0.33 : 0.33) + 0.12 * generator.normal(), 0), 1)
        let old = pow(generator.uniform(), 1.6) * 0.8
        var shares = Self.races.map { _ in pow(generator.uniform(), 2) + 0.03 }
        let sum = shares.reduce(0, +)
        shares = shares.map { $0 / sum }
        let fat = 0.25 * generator.normal()
        for (sex, s) in [("male", male), ("female", 1 - male)] {
            for (age, a) in [("old", old), ("young", 1 - old)] {
                for (race, r) in zip(Self.races, shares) {
                    add(s * a * r, to: "macrodetails/\(race)-\(sex)-\(age)", &weights)
                }
                let name = "macrodetails/universal-\(sex)-\(age)-averagemuscle-"
                add(s * a * (1 - abs(fat)), to: name + "averageweight", &weights)
                add(s * a * abs(fat), to: name + (fat < 0 ? "minweight" : "maxweight"), &weights)
            }
        }
        var shared: [String: Double] = [:]
        for slider in sliders {
            let common = shared[slider.pair] ?? generator.normal()
            shared[slider.pair] = common
            let value = slider.width * (common + 0.12 * generator.normal())
            let targets = value >= 0 || slider.negative.isEmpty ? slider.positive : slider.negative
            for target in targets { weights[target] += abs(value) }
        }
        return weights
    }

    private func add(_ weight: Double, to name: String, _ weights: inout [Double]) {
        if let i = indexOf[name] { weights[i] += weight }
    }
}
