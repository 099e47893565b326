import Foundation
import Pipeline
import Tensors
import Testing

/// Which editions stay, and how an older one comes back.
@Suite struct RetentionTests {
    private static func editions(_ count: Int, bytes: Int = 1_000_000) -> [Retention.Edition] {
        // A day apart, the newest written just now.
        (1...count).map { Retention.Edition(number: $0, bytes: bytes, age: Double(count - $0) * 86400) }
    }

    @Test func eachLimitCountsAndTheNamedOneStays() {
        #expect(Retention(count: 3).kept(of: Self.editions(5), named: 5) == [3, 4, 5])
        #expect(Retention(count: 9, days: 1.5).kept(of: Self.editions(5), named: 5) == [4, 5])
        #expect(Retention(count: 9, megabytes: 2).kept(of: Self.editions(5), named: 5) == [4, 5])
        #expect(Retention(count: 1, days: 0.1, megabytes: 1).kept(of: Self.editions(5), named: 2) == [2])
        #expect(Retention(count: 2).kept(of: Self.editions(5), named: 2) == [2, 5])
        #expect(Retention(count: 5, megabytes: 1).kept(of: Self.editions(3, bytes: 9_000_000), named: 3) == [3])
        #expect(Retention(count: 5, megabytes: 1).kept(of: Self.editions(3, bytes: 9_000_000), named: nil) == [3])
        // A clock that was set back makes nothing old.
        let ahead = Self.editions(3).map { Retention.Edition(number: $0.number, bytes: 1, age: $0.age - 1e6) }
        #expect(Retention(count: 9, days: 1).kept(of: ahead, named: 3) == [1, 2, 3])
    }

    private static func publish(
        _ directory: inout AvatarDirectory, _ i: Int, quality: Double, map: Bool = false
    ) throws {
        let file = Array("glTF".utf8) + [UInt8](repeating: UInt8(i), count: 1000 * i)
        _ = try directory.publish(file, confidence: map ? [UInt8(i)] : nil) { edition, name, digest in
            Manifest(
                subject: "a", edition: edition, file: name, stable: "a.glb", sha256: digest, bytes: file.count,
                published: "then", source: "camera", streamSeconds: 1,
                quality: AvatarQuality(coverage: quality, confidence: quality, deviation: 1), keyframes: i,
                generator: "g", licences: ["l"])
        }
    }

    @Test func oldEditionsGoByAgeAlsoBetweenPublications() throws {
        let place = TemporaryDirectory()
        var directory = try AvatarDirectory(path: place.path, subject: "a", retention: Retention(count: 9, days: 2))
        for i in 1...3 { try Self.publish(&directory, i, quality: 0.1 * Double(i), map: true) }
        for i in 1...3 {
            for ending in ["glb", "json", "confidence.png"] {
                let old = Date(timeIntervalSinceNow: -Double(4 - i) * 1.2 * 86400)
                try FileManager.default.setAttributes(
                    [.modificationDate: old], ofItemAtPath: "\(place.path)/a.00000\(i).\(ending)")
            }
        }
        directory.removeOldEditions()
        #expect(place.names.filter { $0.contains("0000") }.count == 3, "only the third: \(place.names)")
        #expect(place.names.contains("a.000003.glb"))
    }

    @Test func aRollbackIsANewEditionThatABetterOneOnlyReplaces() throws {
        let place = TemporaryDirectory()
        do {
            var directory = try AvatarDirectory(path: place.path, subject: "a", keep: 9)
            for i in 1...3 { try Self.publish(&directory, i, quality: 0.2 * Double(i), map: i != 2) }
            let error = #expect(throws: Failure.self) {
                try Publishing.rollback(output: place.path, subject: "a", edition: nil, hold: false)
            }
            #expect(error?.description.contains("stop that one first") == true, "\(String(describing: error))")
        }
        func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: "\(place.path)/\(name)")) }
        let best = try #require(Manifest(json: [UInt8](try data("a.json"))))
        let back = try Publishing.rollback(output: place.path, subject: "a", edition: nil, hold: false)
        #expect(back.edition == 4 && back.copyOf == 2 && back.quality.coverage == 0.4 && back.confidence == nil)
        #expect(try data("a.glb") == data("a.000002.glb") && data("a.000004.glb") == data("a.000002.glb"))
        #expect(Manifest(json: [UInt8](try data("a.json"))) == back)
        #expect(!place.names.contains("a.confidence.png"), "the map is another edition's")
        // What was taken back is not published again as it was.
        #expect(back.bar == best.quality.score)
        var gate = PublicationGate(minimumInterval: 0, minimumGain: 0.01, lastScore: back.bar)
        let (same, better) = (
            gate.consider(best.quality, time: 1, final: true),
            gate.consider(AvatarQuality(coverage: 0.8, confidence: 0.8, deviation: 1), time: 2)
        )
        #expect(same == .noGain && better == .publish)
        // Once more: one further back, and held.
        let further = try Publishing.rollback(output: place.path, subject: "a", edition: nil, hold: true)
        #expect(further.edition == 5 && further.copyOf == 1 && further.bar == .infinity)
        #expect(further.mustBeat == best.quality.score && further.confidence?.file == "a.000005.confidence.png")
        #expect(try Publishing.release(output: place.path, subject: "a"))
        #expect(Manifest(json: [UInt8](try data("a.json")))?.bar == best.quality.score)
        let list = try Publishing.editions(output: place.path, subject: "a")
        #expect(list.map(\.number) == [1, 2, 3, 4, 5] && list.last?.isCurrent == true)
        #expect(list.compactMap(\.manifest?.copyOf) == [2, 1])
        // Of a copy it is the first of all that it is a copy of.
        let chosen = try Publishing.rollback(output: place.path, subject: "a", edition: 4, hold: false)
        #expect(chosen.copyOf == 2 && chosen.edition == 6)
        #expect(throws: Failure.self) {
            try Publishing.rollback(output: place.path, subject: "a", edition: 77, hold: false)
        }
        try Data("glTF, but another".utf8).write(to: URL(fileURLWithPath: place.path + "/a.000003.glb"))
        let changed = #expect(throws: Failure.self) {
            try Publishing.rollback(output: place.path, subject: "a", edition: 3, hold: false)
        }
        #expect(changed?.description.contains("not what its manifest says") == true)
    }
}
