#include "CJemalloc.h"

// Two arenas for all threads: what one stage frees another takes, instead of each thread keeping its own. What is
// free goes back to the system after a second: stages need much memory at different times, and none for long.
const char *malloc_conf = "narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0";
