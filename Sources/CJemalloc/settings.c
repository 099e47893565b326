#include "CJemalloc.h"

// Two arenas for all threads: what one stage frees another takes, instead of each thread keeping its own.
const char *malloc_conf = "narenas:2";
