internal import Foundation

/// What stands behind a path before FFmpeg is asked, because the system's answer is clearer.
enum FileKind: Equatable {
    case regular
    /// Read through `PipeInput`.
    case pipe
    /// A device or a network source.
    case other

    init(_ source: VideoSource) throws(VideoError) {
        let path: String
        switch source {
        case .standardInput:
            self = .pipe
            return
        case .network:
            self = .other
            return
        case .file(let name), .device(let name): path = name
        }
        let name = source.description
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw VideoError(errno == EACCES ? .permissionDenied : .noSuchInput, source: name)
        }
        guard access(path, R_OK) == 0 else { throw VideoError(.permissionDenied, source: name) }
        let type = status.st_mode & S_IFMT
        if case .device = source {
            if type != S_IFCHR { throw VideoError(.notAVideo, source: name, detail: "it is no device") }
            self = .other
        } else if type == S_IFDIR {
            throw VideoError(.notAVideo, source: name, detail: "it is a directory")
        } else if type == S_IFREG {
            if status.st_size == 0 { throw VideoError(.empty, source: name) }
            self = .regular
        } else {
            self = .pipe
        }
    }
}

extension VideoError {
    /// A file of which FFmpeg can make nothing, told as what it is: cut off before its index.
    func orTruncated(_ source: VideoSource) -> VideoError {
        guard [.notAVideo, .noVideoStream, .undecodable].contains(kind), MovieBoxes.indexIsMissing(source) else {
            return self
        }
        return VideoError(.truncated, source: self.source, detail: detail)
    }
}

/// The top-level boxes of an MP4 or QuickTime file (ISO/IEC 14496-12 §4.2).
private enum MovieBoxes {
    /// True for such a file without its `moov` box, or with half of it: the usual result of a recording cut off.
    static func indexIsMissing(_ source: VideoSource) -> Bool {
        guard case .file(let path) = source, let file = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? file.close() }
        guard let length = try? file.seekToEnd() else { return false }
        var offset: UInt64 = 0
        var isMovie = false
        // Recordings in fragments have two boxes a second; a file of nothing but heads would take for ever.
        var boxes = 0
        while boxes < 1 << 20, offset + 8 <= length, (try? file.seek(toOffset: offset)) != nil,
            let header = try? file.read(upToCount: 16), header.count >= 8
        {
            func number(_ range: Range<Int>) -> UInt64 { header[range].reduce(0) { $0 << 8 | UInt64($1) } }
            boxes += 1
            let type = String(decoding: header[4..<8], as: UTF8.self)
            var size = number(0..<4)
            if size == 1, header.count == 16 { size = number(8..<16) }
            if size == 0 { size = length - offset }
            guard size >= 8 else { return isMovie }
            if ["ftyp", "mdat", "moof", "wide", "free"].contains(type) { isMovie = true }
            let (end, overflow) = offset.addingReportingOverflow(size)
            if type == "moov" { return overflow || end > length }
            if overflow { return isMovie }
            offset = end
        }
        return isMovie
    }
}
