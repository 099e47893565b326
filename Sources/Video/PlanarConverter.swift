internal import CFFmpeg
internal import Tensors

/// FFmpeg's picture → `YUVImage`. Planar 8-bit Y′CbCr is copied as it is; everything else goes through libswscale to
/// 4:4:4 or 4:2:0 of the same matrix and range.
struct PlanarConverter: ~Copyable {
    private var scaler: OpaquePointer?

    deinit { sws_freeContext(scaler) }

    /// `nil` for a picture that cannot be converted.
    mutating func convert(_ picture: UnsafeMutablePointer<AVFrame>) -> YUVImage? {
        let format = AVPixelFormat(rawValue: picture.pointee.format)
        let (width, height) = (Int(picture.pointee.width), Int(picture.pointee.height))
        guard width > 0, height > 0, let descriptor = av_pix_fmt_desc_get(format) else { return nil }
        let full = picture.pointee.color_range == AVCOL_RANGE_JPEG || Self.isFullRange(format)
        let coefficients = Self.coefficients(
            picture, isRGB: descriptor.pointee.flags & UInt64(AV_PIX_FMT_FLAG_RGB) != 0)
        if let shifts = Self.planarShifts(format) {
            return Self.copy(picture, shifts: shifts, coefficients: coefficients, full: full)
        }
        // 4:4:4 for RGB and packed formats keeps what is there; 4:2:0 for what is subsampled anyway.
        let subsampled = descriptor.pointee.log2_chroma_w == 1 && descriptor.pointee.log2_chroma_h == 1
        let target = subsampled ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_YUV444P
        scaler = sws_getCachedContext(
            scaler, Int32(width), Int32(height), format, Int32(width), Int32(height), target,
            SWS_POINT | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nil, nil, nil)
        guard let scaler else { return nil }
        let isRGB = descriptor.pointee.flags & UInt64(AV_PIX_FMT_FLAG_RGB) != 0
        let table = sws_getCoefficients(coefficients == .bt709 ? SWS_CS_ITU709 : SWS_CS_ITU601)
        let targetFull: Int32 = isRGB || full ? 1 : 0
        sws_setColorspaceDetails(scaler, table, isRGB || full ? 1 : 0, table, targetFull, 0, 1 << 16, 1 << 16)
        var converted = av_frame_alloc()
        defer { av_frame_free(&converted) }
        guard let result = converted else { return nil }
        result.pointee.format = target.rawValue
        result.pointee.width = Int32(width)
        result.pointee.height = Int32(height)
        guard sws_scale_frame(scaler, result, picture) >= 0 else { return nil }
        return Self.copy(
            result, shifts: subsampled ? (1, 1) : (0, 0), coefficients: coefficients, full: targetFull == 1)
    }

    private static func planarShifts(_ format: AVPixelFormat) -> (Int, Int)? {
        switch format {
        case AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P: (1, 1)
        case AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUVJ422P: (1, 0)
        case AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUVJ444P: (0, 0)
        default: nil
        }
    }

    private static func isFullRange(_ format: AVPixelFormat) -> Bool {
        [AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ444P].contains(format)
    }

    /// An unmarked picture is BT.709 from 720 lines on and BT.601 below, as players assume.
    private static func coefficients(
        _ picture: UnsafeMutablePointer<AVFrame>, isRGB: Bool
    ) -> YUVImage.Coefficients {
        switch picture.pointee.colorspace {
        case AVCOL_SPC_BT709: .bt709
        case AVCOL_SPC_BT470BG, AVCOL_SPC_SMPTE170M, AVCOL_SPC_FCC: .bt601
        case AVCOL_SPC_BT2020_NCL, AVCOL_SPC_BT2020_CL: isRGB ? .bt709 : .bt2020
        default: picture.pointee.height >= 720 || picture.pointee.width >= 1280 ? .bt709 : .bt601
        }
    }

    private static func copy(
        _ picture: UnsafeMutablePointer<AVFrame>, shifts: (x: Int, y: Int), coefficients: YUVImage.Coefficients,
        full: Bool
    ) -> YUVImage? {
        let (width, height) = (Int(picture.pointee.width), Int(picture.pointee.height))
        let chromaWidth = (width + (1 << shifts.x) - 1) >> shifts.x
        let chromaHeight = (height + (1 << shifts.y) - 1) >> shifts.y
        let (data, lines) = (picture.pointee.data, picture.pointee.linesize)
        func plane(_ start: UnsafeMutablePointer<UInt8>?, _ line: Int32, _ width: Int, _ height: Int) -> [UInt8]? {
            guard let start else { return nil }
            return [UInt8](unsafeUninitializedCapacity: width * height) { buffer, count in
                for y in 0..<height {
                    (buffer.baseAddress! + y * width).update(from: start + y * Int(line), count: width)
                }
                count = width * height
            }
        }
        guard let luma = plane(data.0, lines.0, width, height),
            let cb = plane(data.1, lines.1, chromaWidth, chromaHeight),
            let cr = plane(data.2, lines.2, chromaWidth, chromaHeight)
        else { return nil }
        return YUVImage(
            width: width, height: height, chromaShiftX: shifts.x, chromaShiftY: shifts.y, coefficients: coefficients,
            fullRange: full, luma: luma, cb: cb, cr: cr)
    }
}
