// libpng's simplified interface; the classic one needs setjmp, which Swift cannot have.
#pragma once
#include <png.h>

static const png_uint_32 CPNG_formatGray = PNG_FORMAT_GRAY;
static const png_uint_32 CPNG_formatRGB = PNG_FORMAT_RGB;
static const png_uint_32 CPNG_formatRGBA = PNG_FORMAT_RGBA;
