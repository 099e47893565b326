// BLAS from OpenBLAS, LAPACK through LAPACKE; nothing else.
#pragma once
#include <cblas.h>
#include <lapacke.h>
