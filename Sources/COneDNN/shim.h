// oneDNN's C interface, and the one call of OpenMP's that says how many threads the calling thread's work may use.
#pragma once
#include <dnnl.h>
void omp_set_num_threads(int count);
