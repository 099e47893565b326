/// Everything that can be set, each with its one default here. A preset is a whole configuration.
///
/// Units are in the names; angles are degrees here and radians inside. What each may be is in `ConfigurationKeys`.
package struct Configuration: Codable, Sendable, Equatable {
    package struct Video: Codable, Sendable, Equatable {
        /// Asked of a webcam; it may give something else. 0 leaves it to the device.
        package var width = 1280
        package var height = 720
        package var framesPerSecond = 30
        /// Asked of a webcam, by FFmpeg's name: `mjpeg`, `yuyv422`… Empty: Motion JPEG for 720p and more, else the device's.
        package var pixelFormat = ""
        /// `tcp` or `udp`.
        package var rtspTransport = "tcp"
        /// The picture is a mirror image (as many webcam programs give): left and right are put back.
        package var mirrored = false
        package var openSeconds = 10.0
        package var readSeconds = 5.0
        package var decoderThreads = 1
    }

    /// Nobody is ever blended into the avatar of somebody else.
    package enum Stranger: String, Codable, Sendable, Equatable, CaseIterable {
        /// Wait for the known person.
        case ignore
        /// Make an avatar of each: NAME, NAME-2, NAME-3 … (`Recognition.mostApart` in all).
        case apart
        /// End with status 4, so that whoever started the program can start it for another subject.
        case end
    }

    package struct Selection: Codable, Sendable, Equatable {
        /// Between the pupils, pixels: smaller faces are not used.
        package var minimumInterEyePixels = 32.0
        package var maximumYawDegrees = 70.0
        package var keyframesPerBin = 3
        /// What to do when another person is in front of the camera.
        package var stranger = Stranger.ignore
    }

    package struct Fitting: Codable, Sendable, Equatable {
        /// Stream time between two joint fits, once the first is there.
        package var intervalSeconds = 0.5
    }

    package struct Texture: Codable, Sendable, Equatable {
        /// Side of the skin texture in texels: a power of two, 256...2048.
        package var size = 1024
        /// Stream time between two texture updates, once the first is there.
        package var intervalSeconds = 1.0
        /// Synthesize the fine structure of what nobody saw, beside everything else and at lower priority.
        package var synthesis = true
        /// Side of the complete texture that synthesis makes, texels: a power of two, 256...2048; beyond `size` all of it is
        /// synthesized on top.
        package var synthesisSize = 1024
        /// A synthesis ends after so long, with the octaves that are done.
        package var synthesisSeconds = 120.0
        /// Safetensors file of VGG-19's weights that the face database was built with; empty where it has our own network.
        package var features = ""
        /// Write normal and roughness maps of the skin.
        package var maps = true
    }

    package struct Publication: Codable, Sendable, Equatable {
        package var minimumIntervalSeconds = 2.0
        /// Of the quality score, 0...1.
        package var minimumGain = 0.01
        /// Numbered editions to keep.
        package var keep = 10
        /// Days to keep an edition at most; 0: for ever. The newest one always stays.
        package var keepDays = 0.0
        /// Megabytes (10⁶ bytes) that all numbered files of a subject may have; 0: no limit. The newest edition always stays.
        package var keepMegabytes = 0
        /// Publish beside each avatar a picture of where its texels come from.
        package var confidenceMap = false
    }

    /// What a restart goes on from. It holds pictures of the person's face, for its owner's eyes only.
    package struct State: Codable, Sendable, Equatable {
        /// Empty: systemd's state directory, or `.likeness-state` in the output directory for a camera and nothing for a
        /// file; `none`: nothing is kept.
        package var directory = ""
        /// Seconds between two checkpoints at least.
        package var intervalSeconds = 10.0
    }

    package struct HTTP: Codable, Sendable, Equatable {
        /// Numeric address and port of a page, figures and avatars over HTTP; port 0 takes a free one. Empty: no server.
        package var address = ""
        /// `${NAME}` of a secret that everybody has to give; needed where other machines reach the address.
        package var token = ""
        /// Names that a browser may ask by, beside numeric addresses and localhost.
        package var allowedHosts: [String] = []
        /// Whether clients may pause and resume, and not only look.
        package var controls = false

        package init() {}
    }

    package var video = Video()
    package var selection = Selection()
    package var fitting = Fitting()
    package var texture = Texture()
    package var publication = Publication()
    package var state = State()
    package var http = HTTP()

    package init() {}
}

extension Configuration.HTTP {
    /// The first setting that cannot be served safely, as a sentence.
    package var problem: String? {
        let isName = token.hasPrefix("${") && token.hasSuffix("}") && token.count > 3
        if !token.isEmpty, !isName {
            return "http.token holds something else than a name: give ${NAME} of a credential or environment variable"
        }
        if let wrong = allowedHosts.first(where: { $0.isEmpty || $0.contains { ":/*@ ".contains($0) } }) {
            return "http.allowedHosts has '\(wrong)': give names without port and scheme"
        }
        guard !address.isEmpty else { return nil }
        guard let parsed = HTTPAddress(address) else {
            return "http.address is '\(address)': give 127.0.0.1:8080, [::1]:8080 or another numeric address and port"
        }
        if !parsed.isLoopback, token.isEmpty {
            return
                "http.address is \(parsed), which other machines reach: name a secret in http.token, or give 127.0.0.1"
        }
        return nil
    }
}
