import Testing
import Video

@Suite struct SourceTests {
    @Test(arguments: [
        ("-", VideoSource.standardInput), ("/dev/stdin", .standardInput),
        ("/dev/video0", .device(path: "/dev/video0")),
        ("/dev/v4l/by-id/usb-cam", .device(path: "/dev/v4l/by-id/usb-cam")),
        ("rtsp://camera/1", .network(url: "rtsp://camera/1")), ("RTSP://Camera/1", .network(url: "rtsp://Camera/1")),
        ("http://host/a.mp4", .network(url: "http://host/a.mp4")), ("photo.jpg", .file(path: "photo.jpg")),
        ("/a b/clip.mp4", .file(path: "/a b/clip.mp4")), ("file:///a.mp4", .file(path: "/a.mp4")),
        ("odd:name.mp4", .file(path: "odd:name.mp4")), ("://x", .file(path: "://x")),
    ])
    func aUsersWords(text: String, source: VideoSource) {
        #expect(VideoSource(parsing: text) == source)
    }

    @Test func liveIsWhatDoesNotWait() {
        #expect(VideoSource(parsing: "/dev/video0").isLive && VideoSource(parsing: "rtsp://camera/1").isLive)
        #expect(!VideoSource(parsing: "a.mp4").isLive && !VideoSource.standardInput.isLive)
    }

    /// However it is written, whatever prints it.
    @Test(arguments: [
        "rtsp://admin:s3cret@camera:554/stream", "rtsp://admin:s3cret@camera/a?user=admin&password=s3cret",
        "rtsp://admin:s3c%72et@camera/stream", "rtsp://admin:s3cret/with/slash@camera/stream",
        "rtsp://admin:s3cret?x@camera/stream", "rtsp://admin:s3cret#x@camera/stream", "rtsp://s3cret@camera/stream",
        "rtsp://admin:at@s3cret@camera/stream", "rtsp:/admin:s3cret@camera/stream", "rtsp//admin:s3cret@camera/stream",
        "//admin:s3cret@camera/stream", "rtsp://camera/user=admin_password=s3cret_channel=1_stream=0.sdp",
        "rtsp://camera/?PWD=s3cret", "rtsps://admin:s3cret@[fe80::1]:322/x",
        "rtsp://admin:s3cret with blank@camera/stream",
    ])
    func noSecretIsShown(text: String) {
        let source = VideoSource(parsing: text)
        var dumped = ""
        dump(source, to: &dumped)
        let error = VideoError(.refused, source: source.description, detail: "Connection refused")
        for shown in [
            source.description, "\(source)", String(reflecting: source), String(describing: [source]),
            "\(Optional(source) as Any)", dumped, "\(error)", String(reflecting: error),
        ] {
            for secret in ["s3cret", "s3c%72et", "admin", "slash", "blank"] {
                #expect(!shown.contains(secret), "\(shown)")
            }
            #expect(shown.contains("camera") || shown.contains("fe80"), "\(shown)")
        }
    }

    @Test func ordinaryPathsAreShownWhole() {
        for path in ["/srv/12:30@home/clip.mp4", "./a:b@c.mp4", "clip.mp4", "me@home.mp4"] {
            #expect(VideoSource(parsing: path).description == path)
        }
    }

    @Test(arguments: VideoError.Kind.allCases) func everyErrorIsOneLineWithSourceCauseAndDetail(kind: VideoError.Kind) {
        let line = VideoError(kind, source: "clip.mp4", detail: "word").description
        #expect(line.hasPrefix("clip.mp4: ") && line.hasSuffix("(word)") && !line.contains("\n") && line.count > 20)
    }
}
