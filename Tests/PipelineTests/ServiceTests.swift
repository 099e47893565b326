import Foundation
import Pipeline
import Synchronization
import Testing

/// What the real program tells a service manager, and how it reads its settings again. Truth: sd_notify(3).
@Suite(.ownThreads, .serialized) struct ServiceTests {
    @Test(arguments: [false, true]) func whatIsToldArrives(isAbstract: Bool) throws {
        let listener = try NotifyListener(isAbstract: isAbstract)
        let manager = try #require(
            ServiceManager(environment: ["NOTIFY_SOCKET": listener.path, "WATCHDOG_USEC": "3000000"]))
        manager.tell("READY=1", "STATUS=here")
        #expect(listener.wait(for: "STATUS=here") != nil && listener.lines == ["READY=1", "STATUS=here"])
        #expect(manager.watchdog == .seconds(3))
        let others = ServiceManager(
            environment: ["NOTIFY_SOCKET": listener.path, "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"])
        #expect(others != nil && others?.watchdog == nil)
        #expect(ServiceManager(environment: [:]) == nil)
    }

    @Test func filesThatAreReplacedAreNoticed() throws {
        let place = TemporaryDirectory()
        let path = place.path + "/a.yaml"
        try Data("a".utf8).write(to: URL(fileURLWithPath: path))
        let told = Mutex<[ContinuousClock.Instant]>([])
        let watch = try #require(DirectoryWatch(files: [path]) { _ in told.withLock { $0.append(.now) } })
        func wait(for count: Int, _ seconds: Double = 5) -> Bool {
            let end = ContinuousClock.now + .seconds(seconds)
            while ContinuousClock.now < end {
                if told.withLock({ $0.count }) >= count { return true }
                Thread.sleep(forTimeInterval: 0.01)
            }
            return told.withLock { $0.count } >= count
        }
        try Data("x".utf8).write(to: URL(fileURLWithPath: place.path + "/other"))
        #expect(!wait(for: 1, 0.6), "another file of the directory")
        for text in ["b", "c", "d"] { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }
        #expect(wait(for: 1))
        #expect(!wait(for: 2, 1.5), "changes in a row are one")
        try Data("e".utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        #expect(wait(for: 2), "the watch is lost with the file that was replaced")
        try Data("f".utf8).write(to: URL(fileURLWithPath: path))
        #expect(wait(for: 3))
        let times = told.withLock { $0 }
        #expect(times[2] - times[1] >= .seconds(1))
        withExtendedLifetime(watch) {}
    }

    /// From the start to the end: a camera that is not there, a reload that changes nothing, one with a fault, one that counts.
    @Test(.patient(minutes: 2), .enabled(if: Models.present, Models.missing)) func aLifeUnderAServiceManager() throws {
        let listener = try NotifyListener()
        let program = try WatchingProgram(
            "rtsp://127.0.0.1:\(RTSPCamera.freePort())/cam", ["--wait"], preset: "publication: {keep: 5}",
            listener: listener)
        #expect(listener.wait(for: "READY=1") != nil, "\(program.errors)")
        #expect(listener.wait(for: "STATUS=source down") != nil)
        let before = listener.lines.count
        Thread.sleep(forTimeInterval: 4)
        listener.read()
        let fed = listener.lines.dropFirst(before).count { $0 == "WATCHDOG=1" }
        #expect((3...5).contains(fed), "\(fed) in 4 s, half of 2 s apart")

        func reload(saying text: String, _ change: () throws -> Void) throws {
            listener.read()
            let from = listener.lines.count
            try change()
            #expect(listener.wait(for: "RELOADING=1", from: from) != nil, "\(program.errors)")
            #expect(listener.wait(for: "READY=1", from: from) != nil, "\(program.errors)")
            let lines = listener.lines.dropFirst(from)
            let begun = try #require(lines.firstIndex(of: "RELOADING=1"))
            #expect(lines[begun + 1].hasPrefix("MONOTONIC_USEC="))
            #expect(lines.firstIndex(of: "READY=1")! > begun)
            #expect(program.wait(for: text) != nil, "\(program.errors)")
        }
        try reload(saying: "nothing changed") { kill(program.process.processIdentifier, SIGHUP) }
        try reload(saying: "stay as they were") {
            try Data("publication: {kep: 6}".utf8).write(to: URL(fileURLWithPath: program.preset))
        }
        #expect(program.errors.contains("did you mean 'publication.keep'"), "\(program.errors)")
        try reload(saying: "going on with the new ones") {
            try Data("publication: {keep: 6}".utf8).write(to: URL(fileURLWithPath: program.preset), options: .atomic)
        }
        let failed = program.count("source cannot be opened")
        #expect(program.wait(for: "source cannot be opened", times: failed + 1) != nil, "it does not go on")
        #expect(program.end() == 0, "\(program.errors)")
        listener.read()
        #expect(listener.lines.contains("STOPPING=1"))
        #expect(!listener.lines.contains { $0.count > 400 })
    }
}
