// libjpeg-turbo's TurboJPEG interface; the classic one needs setjmp, which Swift cannot have.
#pragma once
#include <turbojpeg.h>
