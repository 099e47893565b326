// jemalloc (http://jemalloc.net) takes the place of malloc by being linked; nothing of it is called. glibc's kept what was freed
// between textures that live long: after twenty minutes 800 of 1400 MiB.
#pragma once

// What jemalloc reads when the program starts.
extern const char *malloc_conf;
