import Face
import Foundation
import Pipeline
import Tensors
import Testing

/// The whole program on a film whose truth is known, beside what one would have without looking: the mean head, one
/// colour. Truth: the renderer's own numbers. The person comes from the same head model, so this flatters the shape.
@Suite(.ownThreads, .enabled(if: Models.present, Models.missing)) struct SyntheticPersonTests {
    @Test(.patient(minutes: 5)) func shapeAndAlbedoComeBackAndEveryFileIsSound() throws {
        let place = TemporaryDirectory()
        let film = try Program.run([
            "synthetic", "--output", place.path, "--models", Models.path, "--seconds", "5", "--size", "960x540",
        ])
        try #require(film.status == 0, "\(film.errors)")
        let output = place.path + "/out"
        let run = try Program.run([
            "run", "--source", place.path + "/person.mp4", "--output", output, "--models", Models.path, "--sheet",
            place.path + "/sheet.png",
        ])
        try #require(run.status == 0, "\(run.errors)")

        let truth = try avatar(place.path + "/truth.glb")
        let found = try avatar(output + "/avatar.glb")
        let model = try HeadModelFile.load(from: Models.path)
        let mean = try Avatar(glb: meanHead(model, like: truth).glb())
        let (own, unfitted) = (try millimetres(found, truth), try millimetres(mean, truth))
        #expect(own < 0.7 * unfitted, "shape \(own) mm, mean head \(unfitted) mm")

        let (albedo, flat) = decibels(found.skin, truth.skin, model)
        #expect(albedo > flat + 2, "albedo \(albedo) dB, one colour \(flat) dB")
        print(
            "synthetic person: shape \(own) mm (mean head \(unfitted) mm), albedo \(albedo) dB (one colour \(flat) dB)")

        let manifest = try #require(
            Manifest(json: [UInt8](try Data(contentsOf: URL(fileURLWithPath: output + "/avatar.json")))))
        let stable = [UInt8](try Data(contentsOf: URL(fileURLWithPath: output + "/avatar.glb")))
        #expect(SHA256.hex(of: stable) == manifest.sha256 && stable.count == manifest.bytes)
        #expect(manifest.quality.coverage > 0.5)
        #expect(
            try Image(png: [UInt8](Data(contentsOf: URL(fileURLWithPath: place.path + "/sheet.png"))), channels: 3)
                .width > 1000)
    }

    private func avatar(_ path: String) throws -> Avatar {
        try Avatar(glb: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
    }

    private func meanHead(_ model: MorphableModel, like other: Avatar) -> Avatar {
        Avatar(
            topology: model.topology, points: model.mean, expressions: model.expressions, skin: other.skin,
            eyes: other.eyes, lashes: other.lashes, teethColour: other.teethColour, tongueColour: other.tongueColour,
            landmarks7: other.landmarks7)
    }

    /// Root mean square distance over the face's vertices after the best rigid motion and size, which one camera cannot
    /// know, millimetres.
    private func millimetres(_ avatar: Avatar, _ truth: Avatar) throws -> Double {
        func vertices(_ a: Avatar) -> [SIMD3<Double>] {
            Set(a.topology.parts[0].triangles).sorted().map {
                SIMD3<Double>(a.points[Int(a.topology.pointOfVertex[Int($0)])])
            }
        }
        let (a, b) = (vertices(avatar), vertices(truth))
        try #require(a.count == b.count)
        let weights = b.map { $0.z > 0.05 && abs($0.y) < 0.09 ? 1.0 : 0 }
        func spread(_ p: [SIMD3<Double>]) -> Double {
            let middle = zip(p, weights).reduce(SIMD3<Double>.zero) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
            return zip(p, weights).reduce(0) { $0 + $1.1 * (($1.0 - middle) * ($1.0 - middle)).sum() }.squareRoot()
        }
        let size = spread(b) / spread(a)
        let aligned = IdentityStatistics.align(a.map { $0 * size }, to: b, weights: weights)
        var sum = 0.0
        for i in b.indices { sum += weights[i] * ((aligned[i] - b[i]) * (aligned[i] - b[i])).sum() }
        return (sum / weights.reduce(0, +)).squareRoot() * 1000
    }

    /// Peak signal to noise over the face's texels in linear light, after one factor per channel, which no picture can
    /// tell from the light's; and the same of one colour.
    private func decibels(_ image: Image, _ truth: Image, _ model: MorphableModel) -> (Double, Double) {
        let map = TexelMap(topology: model.topology, size: truth.width)
        let inside = map.interpolated(HeadRegions(model: model).insideFace.map { SIMD4($0, 0, 0, 0) })
        var (error, flatError, count) = (0.0, 0.0, 0.0)
        for c in 0..<3 {
            var pairs: [(Double, Double)] = []
            for i in map.texels.indices where inside[i].x > 0 {
                let at = 3 * Int(map.texels[i]) + c
                pairs.append((Double(SRGB.linear[Int(image.bytes[at])]), Double(SRGB.linear[Int(truth.bytes[at])])))
            }
            let factor = pairs.reduce(0) { $0 + $1.0 * $1.1 } / max(pairs.reduce(0) { $0 + $1.0 * $1.0 }, 1e-9)
            let mean = pairs.reduce(0) { $0 + $1.1 } / Double(pairs.count)
            for (own, exact) in pairs {
                error += (factor * own - exact) * (factor * own - exact)
                flatError += (mean - exact) * (mean - exact)
            }
            count += Double(pairs.count)
        }
        return (-10 * log10(error / count), -10 * log10(flatError / count))
    }
}
