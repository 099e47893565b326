internal import CFFmpeg
internal import Tensors

/// FFmpeg's picture → `YUVImage`. Planar 8-bit Y′CbCr and 8-bit grey are copied as they are; everything else (semiplanar,
/// packed, RGB, more than 8 bits) goes through libswscale to a planar format of the same subsampling, matrix and range.
struct PlanarConverter: ~Copyable {
    /// What the scaler is set up for.
    private struct Setting: Equatable {
        var format: Int32
        var target: Int32
        var width: Int32
        var height: Int32
        var coefficients: YUVImage.Coefficients
        var fullRange: Bool
    }

    private let isDevice: Bool
    private var scaler: OpaquePointer?
    private var setting: Setting?

    init(isDevice: Bool) {
        self.isDevice = isDevice
    }

    deinit { sws_freeContext(scaler) }

    /// `nil` for a picture that cannot be converted.
    mutating func convert(_ picture: UnsafeMutablePointer<AVFrame>) -> YUVImage? {
        let format = AVPixelFormat(rawValue: picture.pointee.format)
        let (width, height) = (picture.pointee.width, picture.pointee.height)
        guard width > 0, height > 0, let descriptor = av_pix_fmt_desc_get(format)?.pointee else { return nil }
        let isRGB = descriptor.flags & UInt64(AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL) != 0
        let isGrey = !isRGB && descriptor.nb_components <= 2
        let full = isRGB || Self.isFullRange(picture, isGrey: isGrey)
        let coefficients = coefficients(of: picture, isRGB: isRGB)
        if let shifts = Self.planarShifts(format) {
            return Self.copy(picture, shifts: shifts, coefficients: coefficients, full: full)
        }
        // Subsampled chroma stays as it is; RGB keeps a chroma sample for every pixel.
        let shifts: (x: Int, y: Int) =
            switch (descriptor.log2_chroma_w, descriptor.log2_chroma_h, isRGB) {
            case (1, 1, false): (1, 1)
            case (1, 0, false): (1, 0)
            default: (0, 0)
            }
        let target =
            isGrey
            ? AV_PIX_FMT_GRAY8
            : shifts == (1, 1) ? AV_PIX_FMT_YUV420P : shifts == (1, 0) ? AV_PIX_FMT_YUV422P : AV_PIX_FMT_YUV444P
        let wanted = Setting(
            format: format.rawValue, target: target.rawValue, width: width, height: height, coefficients: coefficients,
            fullRange: full)
        if wanted != setting {
            sws_freeContext(scaler)
            scaler = sws_getContext(
                width, height, format, width, height, target,
                SWS_POINT | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP, nil, nil, nil)
            let table = sws_getCoefficients(coefficients == .bt709 ? SWS_CS_ITU709 : SWS_CS_ITU601)
            let range: Int32 = full ? 1 : 0
            if let scaler { sws_setColorspaceDetails(scaler, table, range, table, range, 0, 1 << 16, 1 << 16) }
            setting = wanted
        }
        var converted = av_frame_alloc()
        defer { av_frame_free(&converted) }
        guard let scaler, let result = converted else { return nil }
        result.pointee.format = target.rawValue
        result.pointee.width = width
        result.pointee.height = height
        guard sws_scale_frame(scaler, result, picture) >= 0 else { return nil }
        return Self.copy(result, shifts: isGrey ? nil : shifts, coefficients: coefficients, full: full)
    }

    /// Chroma shifts of the formats that need no conversion; the inner `nil` is grey.
    private static func planarShifts(_ format: AVPixelFormat) -> (x: Int, y: Int)?? {
        switch format {
        case AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVA420P: .some((1, 1))
        case AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVA422P: .some((1, 0))
        case AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUVA444P: .some((0, 0))
        case AV_PIX_FMT_GRAY8: .some(nil)
        default: nil
        }
    }

    /// Y′CbCr is of TV range unless it says otherwise, grey of PC range.
    private static func isFullRange(_ picture: UnsafeMutablePointer<AVFrame>, isGrey: Bool) -> Bool {
        switch picture.pointee.color_range {
        case AVCOL_RANGE_JPEG: return true
        case AVCOL_RANGE_MPEG: return false
        default:
            let format = AVPixelFormat(rawValue: picture.pointee.format)
            return isGrey || [AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ444P].contains(format)
        }
    }

    /// An unmarked picture is BT.709 from 720 lines or 1280 columns on and BT.601 below, as players assume; a webcam's is
    /// BT.601 at any size, as the USB video class and V4L2 have it. JPEG marks its pictures BT.601 itself.
    private func coefficients(of picture: UnsafeMutablePointer<AVFrame>, isRGB: Bool) -> YUVImage.Coefficients {
        // RGB has no matrix of its own: any will do, as long as it is the one that is told.
        if isRGB { return .bt709 }
        return switch picture.pointee.colorspace {
        case AVCOL_SPC_BT709, AVCOL_SPC_SMPTE240M: .bt709
        case AVCOL_SPC_BT470BG, AVCOL_SPC_SMPTE170M, AVCOL_SPC_FCC: .bt601
        case AVCOL_SPC_BT2020_NCL, AVCOL_SPC_BT2020_CL: .bt2020
        default:
            !isDevice && (picture.pointee.height >= 720 || picture.pointee.width >= 1280) ? .bt709 : .bt601
        }
    }

    /// The planes without their padding; grey (`shifts` nil) gets empty chroma.
    private static func copy(
        _ picture: UnsafeMutablePointer<AVFrame>, shifts: (x: Int, y: Int)?, coefficients: YUVImage.Coefficients,
        full: Bool
    ) -> YUVImage? {
        let (width, height) = (Int(picture.pointee.width), Int(picture.pointee.height))
        let (x, y) = shifts ?? (1, 1)
        let (chromaWidth, chromaHeight) = ((width + (1 << x) - 1) >> x, (height + (1 << y) - 1) >> y)
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
        let empty = shifts == nil ? [UInt8](repeating: 128, count: chromaWidth * chromaHeight) : nil
        guard let luma = plane(data.0, lines.0, width, height),
            let cb = empty ?? plane(data.1, lines.1, chromaWidth, chromaHeight),
            let cr = empty ?? plane(data.2, lines.2, chromaWidth, chromaHeight)
        else { return nil }
        return YUVImage(
            width: width, height: height, chromaShiftX: x, chromaShiftY: y, coefficients: coefficients,
            fullRange: full, luma: luma, cb: cb, cr: cr)
    }
}
