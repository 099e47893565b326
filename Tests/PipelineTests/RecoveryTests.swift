import Foundation
import Testing

/// What the real program does when a real RTSP server goes and comes. Truth: what was done to the server, and when; the
/// server's own count of connections.
@Suite(
    .ownThreads,
    .serialized,
    .enabled(
        if: Models.present && RTSPCamera.isInstalled,
        "needs the models, ../shared/tools/rtsp_server.py and Debian's gir1.2-gst-rtsp-server-1.0"))
struct RecoveryTests {
    /// A busy machine's server may need longer than that for its first picture: such a program runs with `--wait`.
    private static let impatient =
        "video: {openSeconds: \(4 * Patience.times), readSeconds: \(2 * Patience.times)}\n"
        + "publication: {minimumIntervalSeconds: 1}"
    /// Seconds, see `Patience`.
    private static let times = Double(Patience.times)

    private static func print(_ what: String, lost: Double, back: Double) {
        Swift.print(
            "\(what): loss seen after \(String(format: "%.1f", lost)) s, "
                + "back \(String(format: "%.1f", back)) s after the server was")
    }

    @Test(.patient(minutes: 3)) func aKilledServerThatIsStartedAgain() throws {
        let port = RTSPCamera.freePort()
        let first = try RTSPCamera([Film.person], port: port)
        first.wait()
        let program = try WatchingProgram("rtsp://127.0.0.1:\(port)/cam", ["--wait"], preset: Self.impatient)
        try #require(program.wait(forFile: "avatar.json", within: 60) != nil, "\(program.errors)")
        let said = program.said
        first.stop()
        let lost = try #require(program.wait(for: "source lost", after: said), "\(program.errors)")
        #expect(lost < 1.9 * Self.times, "readSeconds is 2")
        Thread.sleep(forTimeInterval: 2)
        let second = try RTSPCamera([Film.person], port: port)
        second.wait()
        let back = try #require(program.wait(for: "the source is back", after: said), "\(program.errors)")
        // A second until the next try, and what RTSP and the first intra frame take on a busy machine.
        #expect(back < 20 * Self.times)
        Self.print("killed and started again", lost: lost, back: back)
        Thread.sleep(forTimeInterval: 2)
        #expect(program.end() == 0)
        #expect(program.output.contains("opened it again "), "\(program.output)")
        #expect(try FaultTests.checkPublished(program.place.path + "/avatars", "after a reconnection") >= 1)
    }

    @Test(.patient(minutes: 3)) func aStoppedServerThatLooksAlive() throws {
        let camera = try RTSPCamera([Film.person], port: RTSPCamera.freePort())
        camera.wait()
        let program = try WatchingProgram("rtsp://127.0.0.1:\(camera.port)/cam", ["--wait"], preset: Self.impatient)
        try #require(program.wait(forFile: "avatar.json", within: 60) != nil, "\(program.errors)")
        let said = program.said
        camera.freeze()
        let lost = try #require(program.wait(for: "source lost", after: said), "\(program.errors)")
        #expect(lost > 1.5 * Self.times && lost < 10 * Self.times, "readSeconds is 2")
        // Connecting still works, the kernel does that: opening must end by its own deadline.
        _ = try #require(program.wait(for: "source cannot be opened", after: said, within: 10), "\(program.errors)")
        camera.goOn()
        let back = try #require(program.wait(for: "the source is back", after: said), "\(program.errors)")
        #expect(back < 20 * Self.times)
        Self.print("stopped and woken", lost: lost, back: back)
        #expect(program.end() == 0)
    }

    @Test(.patient(minutes: 2)) func aServerThatIsNotThereYetIsWaitedForWhenAsked() throws {
        let port = RTSPCamera.freePort()
        let program = try WatchingProgram("rtsp://127.0.0.1:\(port)/cam", ["--wait"], preset: Self.impatient)
        _ = try #require(program.wait(for: "source cannot be opened", times: 2), "\(program.errors)")
        let camera = try RTSPCamera([Film.person], port: port)
        camera.wait()
        #expect(program.wait(forFile: "avatar.json", within: 60) != nil, "\(program.errors)")
        #expect(program.end() == 0)
    }

    @Test(.patient(minutes: 1), arguments: ["basic", "digest"])
    func aWrongPasswordIsSaidOnceAndTheCameraLeftAlone(method: String) throws {
        let camera = try RTSPCamera(
            [Film.person, "--user", "admin", "--pass", "right", "--auth", method], port: RTSPCamera.freePort())
        camera.wait()
        let program = try WatchingProgram(
            "rtsp://admin:wr0ng@127.0.0.1:\(camera.port)/cam", ["--wait"], preset: Self.impatient)
        #expect(program.end(nil) == 77, "\(program.errors)")
        #expect(camera.clients == 1)
        #expect(!program.errors.contains("wr0ng") && program.errors.contains("refuses the user name or password"))
    }

    @Test(.patient(minutes: 1)) func anAddressThatNothingUnderstandsIsTheConfigurationsFault() throws {
        let program = try WatchingProgram("rstp://admin:s3cret@127.0.0.1/cam", ["--wait"])
        #expect(program.end(nil) == 78, "\(program.errors)")
        #expect(!program.errors.contains("s3cret"))
    }

    /// The camera is set to another size meanwhile: smaller pictures are enlarged, another shape is another camera.
    @Test(.patient(minutes: 3), arguments: ["240x180", "360x480"]) func anotherResolution(size: String) throws {
        let port = RTSPCamera.freePort()
        let first = try RTSPCamera([Film.person], port: port)
        first.wait()
        let program = try WatchingProgram("rtsp://127.0.0.1:\(port)/cam", ["--wait"], preset: Self.impatient)
        try #require(program.wait(forFile: "avatar.json", within: 60) != nil, "\(program.errors)")
        let said = program.said
        first.stop()
        let second = try RTSPCamera(["--live", size], port: port)
        second.wait()
        let back = try #require(program.wait(for: "the source is back", after: said), "\(program.errors)")
        #expect(back < 20 * Self.times)
        if size == "360x480" {
            let started = try #require(program.wait(for: "starting over with it", after: said), "\(program.errors)")
            Swift.print("another shape: seen \(String(format: "%.1f", started)) s after its first picture")
            _ = try #require(program.wait(for: "the source is back", times: 2, after: said), "\(program.errors)")
        }
        Thread.sleep(forTimeInterval: 1)
        #expect(program.count("starting over", after: said) == (size == "360x480" ? 1 : 0), "\(program.errors)")
        #expect(program.process.isRunning)
        #expect(program.end() == 0, "\(program.errors)")
    }

    /// The camera is set to another codec meanwhile: the same camera, decoded anew.
    @Test(.patient(minutes: 3), arguments: ["h265", "mjpeg"]) func anotherCodec(codec: String) throws {
        let port = RTSPCamera.freePort()
        let first = try RTSPCamera([Film.person], port: port)
        first.wait()
        let program = try WatchingProgram(
            "rtsp://127.0.0.1:\(port)/cam", ["--wait", "--verbose"], preset: Self.impatient)
        try #require(program.wait(forFile: "avatar.json", within: 60) != nil, "\(program.errors)")
        let said = program.said
        first.stop()
        let second = try RTSPCamera(["--live", "480x360", "--codec", codec], port: port)
        second.wait()
        let back = try #require(program.wait(for: "the source is back", after: said), "\(program.errors)")
        Swift.print("\(codec) in place of h264: back after \(String(format: "%.1f", back)) s")
        #expect(back < 20 * Self.times)
        let lost = program.count("source lost", after: said)
        Thread.sleep(forTimeInterval: 3)
        #expect(program.count("source lost", after: said) == lost, "it stays: \(program.errors)")
        #expect(program.count("starting over", after: said) == 0, "\(program.errors)")
        #expect(program.process.isRunning)
        #expect(program.end() == 0, "\(program.errors)")
    }
}
