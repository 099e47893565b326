import Face
import Foundation
import Testing

/// The published file in a real application. Truth: Blender's own importer.
@Suite(.ownThreads, .enabled(if: Models.present, Models.missing)) struct BlenderTests {
    private static let blender = "/usr/bin/blender"
    static let isInstalled = FileManager.default.isExecutableFile(atPath: blender)

    private struct Report: Decodable {
        struct Move: Decodable {
            var metres: Double
            var from: [Double]
            var by: [Double]
        }
        var materials: [String]
        var images: [String: [Int]]
        var keys: [String]
        var moves: [String: Move]
        var vertices: Int
    }

    @Test(.enabled(if: isInstalled, "no Blender: apt-get install blender python3-numpy"), .patient(minutes: 3))
    func everythingArrivesAndTheShapesMoveTheRightThings() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.blender)
        process.arguments = [
            "-b", "--factory-startup", "-P", packageRoot + "/Tests/PipelineTests/Reference/blender_import.py", "--",
            Film.avatar,
        ]
        let said = Pipe()
        process.standardOutput = said
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("IMPORTED ") }, "\(text.suffix(800))")
        let report = try JSONDecoder().decode(Report.self, from: Data(line.dropFirst(9).utf8))

        #expect(report.keys == ARKit.names.sorted())
        #expect(report.materials.sorted() == ["eyes", "lashes", "skin", "teeth", "tongue"])
        #expect(report.images["skin"] == [1024, 1024] && report.images["eyes"] != nil)
        // Blender: x to the person's left, y backward, z up. The face looks along −y.
        let jaw = try #require(report.moves["jawOpen"])
        #expect(jaw.by[2] < -0.01 && abs(jaw.from[0]) < 0.03 && jaw.from[2] < 0, "\(jaw)")
        let lid = try #require(report.moves["eyeBlinkLeft"])
        #expect(lid.by[2] < -0.005 && lid.from[0] > 0.015 && lid.from[0] < 0.055 && lid.from[1] < -0.05, "\(lid)")
        let corner = try #require(report.moves["mouthSmileRight"])
        #expect(corner.from[0] < -0.01 && corner.by[2] > 0.003 && corner.by[0] < 0, "\(corner)")
    }
}
