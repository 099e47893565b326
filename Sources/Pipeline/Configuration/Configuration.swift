/// Everything that can be set, each with its one default here. A preset is a whole configuration.
///
/// Units are in the names; angles are degrees here and radians inside.
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
        /// Publish beside each avatar a picture of where its texels come from.
        package var confidenceMap = false
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

extension Configuration {
    /// The first setting that cannot work, as a sentence; `nil` when all can.
    package var problem: String? {
        func between<V: Comparable>(_ value: V, _ range: ClosedRange<V>, _ key: String) -> String? {
            range.contains(value) ? nil : "\(key) is \(value): give \(range.lowerBound) to \(range.upperBound)"
        }
        if !["tcp", "udp"].contains(video.rtspTransport) {
            return "video.rtspTransport is '\(video.rtspTransport)': give tcp or udp"
        }
        if texture.size.nonzeroBitCount != 1 || !(256...2048).contains(texture.size) {
            return "texture.size is \(texture.size): give 256, 512, 1024 or 2048"
        }
        if texture.synthesisSize.nonzeroBitCount != 1 || !(256...2048).contains(texture.synthesisSize) {
            return "texture.synthesisSize is \(texture.synthesisSize): give 256, 512, 1024 or 2048"
        }
        let problems: [String?] = [
            http.problem,
            between(video.width, 0...7680, "video.width"),
            between(video.height, 0...4320, "video.height"),
            between(video.framesPerSecond, 0...240, "video.framesPerSecond"),
            between(video.openSeconds, 0.1...600, "video.openSeconds"),
            between(video.readSeconds, 0.1...600, "video.readSeconds"),
            between(video.decoderThreads, 1...64, "video.decoderThreads"),
            between(selection.minimumInterEyePixels, 8...2000, "selection.minimumInterEyePixels"),
            between(selection.maximumYawDegrees, 5...85, "selection.maximumYawDegrees"),
            between(selection.keyframesPerBin, 1...8, "selection.keyframesPerBin"),
            between(fitting.intervalSeconds, 0...600, "fitting.intervalSeconds"),
            between(texture.intervalSeconds, 0...600, "texture.intervalSeconds"),
            between(texture.synthesisSeconds, 0.1...86400, "texture.synthesisSeconds"),
            between(publication.minimumIntervalSeconds, 0...86400, "publication.minimumIntervalSeconds"),
            between(publication.minimumGain, 0...1, "publication.minimumGain"),
            between(publication.keep, 1...100_000, "publication.keep"),
        ]
        return problems.compactMap { $0 }.first
    }
}
