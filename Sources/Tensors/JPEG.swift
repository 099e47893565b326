internal import CJPEG

/// A picture that could not be written as, or read from, JPEG; `reason` is libjpeg-turbo's own sentence.
package struct JPEGError: Error, Equatable, CustomStringConvertible {
    package let reason: String
    package var description: String { "JPEG: \(reason)" }
}

extension Image {
    /// The picture as a JPEG file of full chroma resolution (4:4:4); grey or RGB. Equal pictures give equal bytes.
    /// - Parameter quality: libjpeg's, 1...100.
    package func jpeg(quality: Int) throws(JPEGError) -> [UInt8] {
        precondition((1...100).contains(quality), "quality \(quality) is not in 1...100")
        let format = Self.jpegFormat(channels: channels)
        guard let codec = tjInitCompress() else { throw Self.jpegError(nil) }
        defer { tjDestroy(codec) }
        var file: UnsafeMutablePointer<UInt8>?
        defer { tjFree(file) }
        var size: UInt = 0
        let sampling = channels == 1 ? TJSAMP_GRAY : TJSAMP_444
        let status = tjCompress2(
            codec, bytes, Int32(width), 0, Int32(height), format, &file, &size, Int32(sampling.rawValue),
            Int32(quality),
            TJFLAG_ACCURATEDCT)
        guard status == 0, let file else { throw Self.jpegError(codec) }
        return Array(UnsafeBufferPointer(start: file, count: Int(size)))
    }

    /// Reads a JPEG file, converting to `channels` (1 or 3).
    package init(jpeg file: [UInt8], channels: Int) throws(JPEGError) {
        let format = Self.jpegFormat(channels: channels)
        guard let codec = tjInitDecompress() else { throw Self.jpegError(nil) }
        defer { tjDestroy(codec) }
        var (width, height, sampling, colours) = (Int32(0), Int32(0), Int32(0), Int32(0))
        guard tjDecompressHeader3(codec, file, UInt(file.count), &width, &height, &sampling, &colours) == 0 else {
            throw Self.jpegError(codec)
        }
        guard width > 0, height > 0, Int(width) * Int(height) <= Self.largestDecoded else {
            throw JPEGError(reason: "\(width) × \(height) pixels")
        }
        var bytes = [UInt8](repeating: 0, count: Int(width) * Int(height) * channels)
        // A damaged file is refused whole; TurboJPEG calls it a warning and leaves grey.
        let flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING
        guard tjDecompress2(codec, file, UInt(file.count), &bytes, width, 0, height, format, flags) == 0 else {
            throw Self.jpegError(codec)
        }
        self.init(width: Int(width), height: Int(height), channels: channels, bytes: bytes)
    }

    private static func jpegFormat(channels: Int) -> Int32 {
        switch channels {
        case 1: Int32(TJPF_GRAY.rawValue)
        case 3: Int32(TJPF_RGB.rawValue)
        default: preconditionFailure("JPEG holds 1 or 3 channels, not \(channels)")
        }
    }

    private static func jpegError(_ codec: tjhandle?) -> JPEGError {
        let reason = tjGetErrorStr2(codec).map { String(cString: $0) } ?? ""
        return JPEGError(reason: reason.isEmpty ? "unknown failure" : reason)
    }
}
