// FFmpeg as Swift can see it, and the few macros that the importer cannot translate.
#pragma once
#include <libavcodec/avcodec.h>
#include <libavdevice/avdevice.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

static const int64_t CFFmpeg_noTimestamp = AV_NOPTS_VALUE;
static const int CFFmpeg_endOfFile = AVERROR_EOF;
static const int CFFmpeg_invalidData = AVERROR_INVALIDDATA;
static const int CFFmpeg_exitRequested = AVERROR_EXIT;
static const int CFFmpeg_protocolNotFound = AVERROR_PROTOCOL_NOT_FOUND;
static const int CFFmpeg_httpUnauthorized = AVERROR_HTTP_UNAUTHORIZED;
static const int CFFmpeg_httpForbidden = AVERROR_HTTP_FORBIDDEN;
static const int CFFmpeg_httpNotFound = AVERROR_HTTP_NOT_FOUND;
static inline int CFFmpeg_error(int posix) { return AVERROR(posix); }
