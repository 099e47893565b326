import Pipeline
import Testing
import Video

/// What outlives a reload. Truth: the README's words.
@Suite struct RosterTests {
    private static func station(_ subject: String, width: Int = 640) -> Station {
        var configuration = Configuration()
        configuration.video.width = width
        return Station(
            settings: RunSettings(
                source: .file(path: "a.mp4"), output: "out", subject: subject, untilEnd: false, realTime: false),
            configuration: configuration)
    }

    @Test func countersGoOnWithTheSubject() {
        let roster = Roster()
        let first = roster.replace(by: [Self.station("anna"), Self.station("ben")])
        first[0].report.update {
            $0.publications = 3
            $0.isReady = true
        }
        let second = roster.replace(by: [Self.station("cleo"), Self.station("anna", width: 320)])
        #expect(second.map(\.subject) == ["cleo", "anna"] && roster.stations == second)
        #expect(second[1].report === first[0].report && second[1].configuration.video.width == 320)
        #expect(second[1].report.now.publications == 3 && !second[1].report.now.isReady)
        #expect(second[0].report.now.publications == 0)
    }

    @Test func aPauseOfAllIsOfThoseToComeToo() {
        let roster = Roster()
        let anna = roster.replace(by: [Self.station("anna")])[0]
        roster.pause()
        let second = roster.replace(by: [Self.station("anna"), Self.station("ben")])
        #expect(anna.pause.isPaused && second.allSatisfy { $0.pause.isPaused })
        // One that was resumed by itself stays so.
        anna.pause.resume()
        let third = roster.replace(by: [Self.station("anna"), Self.station("ben")])
        #expect(third.map(\.pause.isPaused) == [false, true])
        roster.resume()
        #expect(third.allSatisfy { !$0.pause.isPaused })
    }

    @Test func equalIsWhoIsAskedForTheSame() {
        #expect(Self.station("anna") == Self.station("anna"))
        #expect(Self.station("anna") != Self.station("anna", width: 320))
        #expect(Self.station("anna") != Self.station("ben"))
    }
}
