import Foundation
import Pipeline
import Tensors
import Testing

@Suite(.ownThreads, .enabled(if: Models.present, Models.missing)) struct EvaluateTests {
    private struct Report: Decodable {
        struct Point: Decodable {
            var psnr: Double
            var ssim: Double
            var landmarkError: Double
        }
        var heldOut: Int
        var points: [Point]
    }

    /// Held-out frames of a person of our own renderer come out as they were filmed, but for noise and what is not modelled.
    @Test(.patient(minutes: 3)) func heldOutFramesAreDrawnAnew() throws {
        let place = TemporaryDirectory()
        let run = try Program.run([
            "evaluate", "--source", Film.person, "--output", place.path, "--models", Models.path, "--texture-size",
            "512",
            "--after", "1", "3",
        ])
        try #require(run.status == 0, "\(run.errors)")
        let report = try JSONDecoder().decode(
            Report.self, from: Data(contentsOf: URL(fileURLWithPath: place.path + "/report.json")))
        #expect(report.heldOut == 9 && report.points.count == 2)
        print("evaluate: PSNR \(report.points.map(\.psnr)), SSIM \(report.points.map(\.ssim))")
        #expect(report.points[1].psnr > 25 && report.points[1].ssim > 0.8, "\(report.points)")
        #expect(report.points[1].landmarkError < 0.03)
        let sheet = try Image(
            png: [UInt8](Data(contentsOf: URL(fileURLWithPath: place.path + "/sheet.png"))), channels: 3)
        #expect(sheet.height > 1000)
    }

    @Test func whatCannotBeEvaluatedIsSaidInOneLine() throws {
        let place = TemporaryDirectory()
        for (source, status) in [("/nowhere.mp4", 66), (Film.nobody, 3), ("rtsp://localhost/x", 64)]
            as [(String, Int32)]
        {
            let run = try Program.run([
                "evaluate", "--source", source, "--output", place.path + "/out", "--models", Models.path,
            ])
            #expect(run.status == status, "\(source): \(run.status)")
            let lines = run.errors.split(separator: "\n").filter { !$0.hasPrefix("evaluate: ") }
            #expect(lines.count == 1, "\(run.errors)")
        }
    }
}
