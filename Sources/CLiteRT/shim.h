// LiteRT's C interface, declared here because its wheel ships no headers; loaded with dlopen.
#pragma once
#include <stddef.h>
#include <stdint.h>
