/// Every key there is: the one description of the configuration. A property of `Configuration` that is missing here cannot be
/// set, and a test says so.
package enum ConfigurationKeys {
    /// A group of keys, and the sentence that stands above it.
    package struct Section: Sendable {
        package let name: String
        package let sentence: String
    }

    package static let sections = [
        Section(name: "video", sentence: "How the source is opened."),
        Section(name: "selection", sentence: "Which pictures are used."),
        Section(name: "fitting", sentence: "The shape of the head."),
        Section(name: "texture", sentence: "The skin."),
        Section(name: "publication", sentence: "When a better avatar is written."),
        Section(
            name: "state", sentence: "What a restart goes on from: pictures of the face, for the owner's eyes only."),
        Section(name: "http", sentence: "The page and the figures, for browsers and monitors."),
    ]

    /// What a source is and where its avatar goes; these stand in no preset.
    package static let ofSources: [ConfigurationKey] = [
        ConfigurationKey(
            "subject", .subject, .source, .text("avatar"), "Name of the published files: letters, digits, - and _."),
        ConfigurationKey(
            "source", .address, .source, nil,
            "A webcam (/dev/video0), an address (rtsp://user:${PASSWORD}@camera/stream), a file, or - for standard input."
        ),
        ConfigurationKey("output", .text, .anywhere, nil, "The directory to publish into; it is created."),
        ConfigurationKey(
            "preset", .text, .anywhere, nil,
            "A whole configuration to start from: webcam, rtsp, photo, low-power, quality, or a file."),
        ConfigurationKey(
            "motion", .text, .source, nil, "A file or named pipe for the person's motion, a line of JSON a frame."),
        ConfigurationKey(
            "untilEnd", .flag, .anywhere, .flag(false), "End when the source ends, also a camera or a network source."),
        ConfigurationKey(
            "realTime", .flag, .anywhere, .flag(false), "Play a file at its own pace, like a camera."),
        ConfigurationKey(
            "enrolled", .flag, .source, nil,
            "The person agreed to be captured: without it a file's source stays closed; a command line's is taken as said."
        ),
        ConfigurationKey(
            "wait", .flag, .anywhere, nil,
            "Wait for a camera that is not there yet; without a word, a file's sources do and the command line's does not."
        ),
    ]

    package static let ofSections: [ConfigurationKey] = [
        .whole(
            "video.width", \.video.width, 0...7680,
            "Pixels, asked of a webcam, which may give something else; 0 leaves it to the device."),
        .whole("video.height", \.video.height, 0...4320, "Pixels, as the width."),
        .whole(
            "video.framesPerSecond", \.video.framesPerSecond, 0...240, "Asked of a webcam; 0 leaves it to the device."),
        .text(
            "video.pixelFormat", \.video.pixelFormat,
            "Asked of a webcam: mjpeg, yuyv422 …; empty: mjpeg for 720p and more, else its own."),
        .text("video.rtspTransport", \.video.rtspTransport, "For rtsp:// sources.", kind: .choice(["tcp", "udp"])),
        .flag("video.mirrored", \.video.mirrored, "The picture is a mirror image: left and right are put back."),
        .number("video.openSeconds", \.video.openSeconds, 0.1...600, "Give up opening after this long."),
        .number("video.readSeconds", \.video.readSeconds, 0.1...600, "A source that is silent for this long is lost."),
        .whole("video.decoderThreads", \.video.decoderThreads, 1...64, "Threads of the decoder."),

        .number(
            "selection.minimumInterEyePixels", \.selection.minimumInterEyePixels, 8...2000,
            "Pixels between the pupils: smaller faces are not used."),
        .number(
            "selection.maximumYawDegrees", \.selection.maximumYawDegrees, 5...85,
            "Faces that are turned farther are not used."),
        .whole(
            "selection.keyframesPerBin", \.selection.keyframesPerBin, 1...8,
            "Pictures kept for each direction of the head."),
        .choice(
            "selection.stranger", \.selection.stranger,
            "Another person comes: wait for the known one, an avatar each (NAME-2 …), or end with status 4."),

        .number(
            "fitting.intervalSeconds", \.fitting.intervalSeconds, 0...600, "Stream time between two joint fits."),

        .whole(
            "texture.size", \.texture.size, oneOf: [256, 512, 1024, 2048], "Texels a side, of what the camera shows."),
        .number(
            "texture.intervalSeconds", \.texture.intervalSeconds, 0...600, "Stream time between two texture updates."),
        .flag(
            "texture.synthesis", \.texture.synthesis,
            "Invent the fine structure of skin that nobody saw, from the statistics of many faces."),
        .whole(
            "texture.synthesisSize", \.texture.synthesisSize, oneOf: [256, 512, 1024, 2048],
            "Texels a side of the complete texture; beyond texture.size it is synthesized on top."),
        .number(
            "texture.synthesisSeconds", \.texture.synthesisSeconds, 0.1...86400,
            "A synthesis ends after so long, with the octaves that are done."),
        .text(
            "texture.features", \.texture.features,
            "Safetensors file of VGG-19 if the face database was built with one; empty: its own network."),
        .flag("texture.maps", \.texture.maps, "Write normal and roughness maps of the skin."),

        .number(
            "publication.minimumIntervalSeconds", \.publication.minimumIntervalSeconds, 0...86400,
            "Between two publications."),
        .number("publication.minimumGain", \.publication.minimumGain, 0...1, "Of the quality score, 0 to 1."),
        .whole("publication.keep", \.publication.keep, 1...100_000, "Numbered editions to keep."),
        .number(
            "publication.keepDays", \.publication.keepDays, 0...100_000,
            "Days to keep an edition at most, 0: for ever; the newest one always stays."),
        .whole(
            "publication.keepMegabytes", \.publication.keepMegabytes, 0...100_000_000,
            "Megabytes of all numbered files of a subject, 0: no limit; the newest edition always stays."),
        .flag(
            "publication.confidenceMap", \.publication.confidenceMap,
            "Publish beside each avatar a picture of where its texels come from."),

        .text(
            "http.address", \.http.address,
            "127.0.0.1:8080, [::1]:8080 or another numeric address; port 0 takes a free one; empty: no server.",
            place: .top),
        .text(
            "http.token", \.http.token,
            "${NAME} of a secret that everybody has to give; needed where other machines reach the address.",
            kind: .secret,
            place: .top),
        .texts(
            "http.allowedHosts", \.http.allowedHosts,
            "Names that a browser may ask by, beside numeric addresses and localhost.", place: .top),
        .flag("http.controls", \.http.controls, "Clients may pause and resume, and not only look.", place: .top),

        .text(
            "state.directory", \.state.directory,
            "Directory of checkpoints; none: keep none; empty: systemd's, or .likeness-state in the output for a camera."
        ),
        .number(
            "state.intervalSeconds", \.state.intervalSeconds, 0.05...86400, "Between two checkpoints at least."),
    ]

    package static let all = ofSources + ofSections

    private static let byPath = Dictionary(uniqueKeysWithValues: all.map { ($0.path, $0) })

    package static func named(_ path: String) -> ConfigurationKey? { byPath[path] }

    static func isSection(_ name: String) -> Bool { sections.contains { $0.name == name } }

    /// The path that was probably meant.
    /// - Parameter path: one that does not exist.
    static func nearest(to path: String, among paths: [String] = all.map(\.path) + ["sources"]) -> String {
        let name = path.split(separator: ".").last.map(String.init) ?? path
        // The right name in the wrong place.
        if let moved = paths.first(where: { $0.hasSuffix("." + name) && name == $0.split(separator: ".").last! }) {
            return moved
        }
        // No key is so long, and the distance takes the product of both lengths.
        let start = String(path.prefix(64))
        return paths.min { editDistance($0, start) < editDistance($1, start) } ?? ""
    }

    /// `LIKENESS_TEXTURE_SIZE`: section and key in upper snake case.
    package static func environmentName(_ path: String) -> String { "LIKENESS_" + upperSnake(path) }

    static func upperSnake(_ text: String) -> String {
        var name = ""
        for character in text {
            if character.isUppercase, name.last?.isLowercase == true || name.last?.isNumber == true { name += "_" }
            name += character.isLetter || character.isNumber ? String(character) : "_"
        }
        return name.uppercased()
    }
}

/// Levenshtein's distance, for "did you mean".
func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let above = row[j + 1]
            row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
            diagonal = above
        }
    }
    return row[b.count]
}
