internal import ArgumentParser
internal import Face
internal import Foundation
internal import Pipeline
internal import Tensors

/// Faces that the database does not have: regions hidden on both sides, one half hidden, or the whole face shown small;
/// synthesized, and compared with the truth beside other ways to fill.
struct SynthesisBench: ParsableCommand {
    enum Test: String, CaseIterable, ExpressibleByArgument {
        /// The same region on both sides.
        case cheeks, jaw, forehead, neck
        /// The person's left half.
        case half
        /// The face so many pixels wide, approximately.
        case small256, small128, small64

        var regions: Set<String> {
            switch self {
            case .cheeks: ["left cheek", "right cheek"]
            case .jaw: ["left jaw", "right jaw", "left chin", "right chin"]
            case .forehead: ["left forehead", "right forehead"]
            case .neck: ["left neck", "right neck"]
            case .half, .small256, .small128, .small64: []
            }
        }
        /// The photograph is shrunk by this.
        var factor: Int {
            switch self {
            case .small256: 2
            case .small128: 4
            case .small64: 7
            default: 1
            }
        }
    }

    static let configuration = CommandConfiguration(commandName: "synthesis")
    @Option(help: "Directory of photographs NNN_03.jpg; numbers ending in 0 or 5 are held out.") var faces: String
    @Option var models: String?
    @Option(help: "A database of the other faces; the models' one when not given.") var database: String?
    @Option(help: "The safetensors file that the database was built with, if it was.") var features: String?
    @Option(help: "A database of the features of a random network, to compare.") var random: String?
    @Option(help: "At most so many of the held-out faces.") var count = 1000
    @Option(help: "What to hide; all when not given.") var test: [Test] = []
    @Option(help: "Ways to fill; all when not given.") var way: [SynthesisTrial.Way] = []
    @Option(help: "Evaluations are multiplied by this.") var effort = 1.0
    @Option(help: "Texels of a tile's side.") var tile = 128
    @Option(help: "Each way synthesizes so often, from other random starts; distances are their means.") var draws = 1
    @Option(
        help: ArgumentHelp(
            "Directory for pictures: NNN-TEST.png of the detail: truth and each way side by side; NNN-TEST-colour.png of the albedo: truth, what was seen, smooth or mirrored, ours."
        )) var sheets: String?

    private static let columns: [SynthesisTrial.Way] = [.smooth, .mirror, .ours, .random, .mean, .nearest, .own]

    func validate() throws {
        if draws < 1 { throw ValidationError("--draws is 1 or more") }
    }

    func run() throws {
        let directory = Places.models(option: models)
        let contents = try Self.contents(database ?? directory + "/" + FaceDatabaseFile.name, weights: features)
        let atlas = TextureAtlas(model: try HeadModelFile.load(from: directory), size: contents.size)
        var options = DetailSynthesis.Options()
        options.tile = tile
        options.evaluations = options.evaluations.map { Int(Double($0) * effort) }
        let trial = SynthesisTrial(
            atlas: atlas, albedo: contents.albedo, features: .init(contents),
            random: try random.map { .init(try Self.contents($0)) }, options: options, draws: draws)
        var maker = try PhotoTexture.Maker(atlas: atlas, models: directory)
        if let sheets { try FileManager.default.createDirectory(atPath: sheets, withIntermediateDirectories: true) }
        let held = try FileManager.default.contentsOfDirectory(atPath: faces).sorted().filter {
            $0.hasSuffix(".jpg") && ["0", "5"].contains($0.prefix(3).suffix(1))
        }.prefix(count)
        Self.say("distance to the truth: " + Self.columns.map(\.rawValue).joined(separator: ", "))
        var sums: [Test: [SynthesisTrial.Result]] = [:]
        for name in held {
            let photo = try maker.texture(of: faces + "/" + name)
            let (subject, texture) = (SynthesisTrial.Subject(fused: photo.fused, texture: photo.texture), photo.texture)
            let truth = trial.detail(of: texture)
            for test in test.isEmpty ? Test.allCases : test {
                let start = ContinuousClock.now
                guard let result = try self.result(test, faces + "/" + name, subject, trial, &maker) else {
                    Self.say("\(name.prefix(3)) \(test.rawValue): left out, too little of it is seen")
                    continue
                }
                var figures = result
                (figures.maps, figures.textures) = ([:], [:])
                sums[test, default: []].append(figures)
                let seconds = (ContinuousClock.now - start) / .seconds(1)
                Self.say(
                    "\(name.prefix(3)) \(test.rawValue): \(Self.text(result.distances))"
                        + String(
                            format: "; %.0f s, %.0f faces take part, residual %.2f", seconds,
                            result.analysis.effectiveFaces, result.analysis.residual)
                        + "; contrast targets" + result.targetContrast.map { String(format: " %.2f", $0) }.joined()
                        + [SynthesisTrial.Way.ours, .own, .mirror].compactMap { way in
                            result.contrast[way].map { values in
                                "; contrast \(way.rawValue)" + values.map { String(format: " %.2f", $0) }.joined()
                            }
                        }.joined()
                        + (test == .half
                            ? String(
                                format: "; like the other side: truth %.2f, ours %.2f, mirror %.2f",
                                result.trueSymmetry,
                                result.symmetry[.ours] ?? .nan, result.symmetry[.mirror] ?? .nan) : ""))
                if let sheets {
                    try Data(sheet(test, [truth] + Self.columns.compactMap { result.maps[$0] }).png()).write(
                        to: URL(fileURLWithPath: "\(sheets)/\(name.prefix(3))-\(test.rawValue).png"))
                    try Data(colourSheet(test, texture, truth, result).png()).write(
                        to: URL(fileURLWithPath: "\(sheets)/\(name.prefix(3))-\(test.rawValue)-colour.png"))
                }
            }
        }
        for test in Test.allCases {
            guard let found = sums[test] else { continue }
            Self.say(Self.means("\(test.rawValue), \(found.count) faces", found))
            Self.say(Self.bounds(test, found))
        }
        let onBothSides = sums.filter { !$0.key.regions.isEmpty }
        if onBothSides.count > 1 {
            let found = Test.allCases.flatMap { onBothSides[$0] ?? [] }
            Self.say(Self.means("all that was hidden on both sides, \(found.count) times", found))
        }
    }

    /// Over skin, and with what reaches into it, a line each: the ways' means, and ours beside each.
    private static func means(_ what: String, _ found: [SynthesisTrial.Result]) -> String {
        [("", found.map(\.distances)), (", with brows and hairlines", found.map(\.distancesWithFeatures))].map {
            rest, distances in
            var means: [SynthesisTrial.Way: Double] = [:]
            for way in columns where distances[0][way] != nil {
                means[way] = distances.reduce(0) { $0 + ($1[way] ?? 0) } / Double(found.count)
            }
            let ours = means[.ours] ?? .nan
            let beside = columns.filter { $0 != .ours && means[$0] != nil }.map { way in
                let differences = distances.map { ($0[.ours] ?? .nan) - $0[way]! }
                return String(format: "%.2f of \(way.rawValue) (%@)", ours / means[way]!, Self.text(differences))
            }
            return "\(what)\(rest): \(text(means)); ours is " + beside.joined(separator: ", ")
        }.joined(separator: "\n")
    }

    /// Mean of differences and its standard error.
    private static func text(_ differences: [Double]) -> String {
        let count = Double(differences.count)
        let mean = differences.reduce(0, +) / count
        let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return String(format: "%+.4f ± %.4f", mean, (squares / max(count - 1, 1) / count).squareRoot())
    }

    /// What bounds any way: the own other side, and another draw of the same statistics, each beside ours on the same faces.
    private static func bounds(_ test: Test, _ found: [SynthesisTrial.Result]) -> String {
        func line(_ what: String, _ bound: (SynthesisTrial.Result) -> Double?) -> String? {
            let known = found.compactMap { result in bound(result).map { ($0, result.distances) } }
            guard !known.isEmpty else { return nil }
            func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
            let beside = [SynthesisTrial.Way.ours, .own, .mean].compactMap { way -> String? in
                let values = known.compactMap { $0.1[way] }
                return values.isEmpty ? nil : String(format: "\(way.rawValue) %.3f", mean(values))
            }
            return String(format: "\(test.rawValue), %d faces: \(what) %.3f; ", known.count, mean(known.map(\.0)))
                + beside.joined(separator: ", ")
        }
        return [
            line("the own other side") { $0.otherSide }, line("two draws of the own statistics") { $0.anotherDraw },
        ].compactMap { $0 }.joined(separator: "\n")
    }

    /// Minutes of work: each line when it is known.
    private static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    static func contents(_ file: String, weights: String? = nil) throws -> FaceDatabaseContents {
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw Failure(.configuration, "\(file) is missing: run ./set-up, or name a database with --database")
        }
        return try FaceDatabaseContents(
            encoded: [UInt8](bytes), weights: weights.map { try FaceDatabaseFile.weights(of: $0, key: "--features") })
    }

    private func result(
        _ test: Test, _ path: String, _ truth: SynthesisTrial.Subject, _ trial: SynthesisTrial,
        _ maker: inout PhotoTexture.Maker
    ) throws -> SynthesisTrial.Result? {
        var ways = Set(way.isEmpty ? SynthesisTrial.Way.allCases : way)
        ways.remove(test == .half ? .smooth : .mirror)
        if test.factor > 1 {
            let small = try maker.texture(of: path, shrunkBy: test.factor)
            let nothing = [Bool](repeating: false, count: truth.texture.confidence.values.count)
            return trial.result(
                truth: truth, hidden: nothing,
                judged: [Test.cheeks, .jaw, .forehead].map { trial.texels(ofRegions: $0.regions) },
                given: small.texture, pixelsPerMetre: small.pixelsPerMetre, ways: ways)
        }
        let hidden = test == .half ? trial.leftHalf : trial.texels(ofRegions: test.regions)
        return trial.result(truth: truth, hidden: hidden, ways: ways)
    }

    private static func text(_ values: [SynthesisTrial.Way: Double]) -> String {
        columns.map { values[$0].map { String(format: "%.3f", $0) } ?? "–" }.joined(separator: " ")
    }

    /// Of a map: the left, top, width and height of its middle, where the face is.
    static func middle(_ size: Int) -> (Int, Int, Int, Int) {
        (size / 5, size * 3 / 16, size * 3 / 5, size / 2)
    }

    /// What a test's sheets show of a map: its middle, or the corner of the neck.
    private static func shown(_ test: Test, _ size: Int) -> (Int, Int, Int, Int) {
        test == .neck ? (size / 2, size * 3 / 4, size / 2, size / 4) : middle(size)
    }

    /// The truth's albedo, the same without what was hidden, and as it comes out.
    private func colourSheet(
        _ test: Test, _ texture: Texture, _ truth: DetailMap, _ result: SynthesisTrial.Result
    ) -> Image {
        let size = truth.size
        let (left, top, width, height) = Self.shown(test, size)
        let ways = [SynthesisTrial.Way.smooth, .mirror, .ours].compactMap { result.textures[$0] }
        let pictures = [texture, texture] + ways
        var sheet = Image(width: width * pictures.count, height: height, channels: 3)
        for (k, picture) in pictures.enumerated() {
            for y in 0..<height {
                for x in 0..<width {
                    let texel = (top + y) * size + left + x
                    let isHidden = k == 1 && result.seen.seen[texel] < 0.5 && truth.seen[texel] > 0.5
                    for c in 0..<3 {
                        let value = min(max(picture.albedo.values[3 * texel + c], 0), 1)
                        sheet.bytes[3 * ((y * pictures.count + k) * width + x) + c] =
                            isHidden ? 128 : UInt8(SRGB.encode(value) * 255 + 0.5)
                    }
                }
            }
        }
        return sheet
    }

    /// The same part of each map.
    private func sheet(_ test: Test, _ maps: [DetailMap]) -> Image {
        let size = maps[0].size
        let (left, top, width, height) = Self.shown(test, size)
        var picture = Image(width: width * maps.count, height: height, channels: 1)
        for (k, map) in maps.enumerated() {
            for y in 0..<height {
                for x in 0..<width {
                    let value = map.values[(top + y) * size + left + x]
                    picture.bytes[(y * maps.count + k) * width + x] = UInt8(min(max(128 + 400 * value, 0), 255))
                }
            }
        }
        return picture
    }
}

extension SynthesisTrial.Way: ExpressibleByArgument {}
