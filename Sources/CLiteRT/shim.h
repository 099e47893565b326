// LiteRT 2.3's C interface, declared here because its wheel ships no headers. The library is loaded with dlopen and
// pinned by hash: the same symbols had other signatures in earlier 2.1.x versions. Every status is 0 for success.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int32_t type;  // 2: integer
    int64_t integer;
} CLiteRT_Any;

typedef struct {
    int32_t tag;
    CLiteRT_Any value;
} CLiteRT_EnvironmentOption;

typedef struct {
    int32_t elementType;  // 1: float32
    uint32_t rankAndStrides;  // rank in the low 7 bits
    int32_t dimensions[8];
    uint32_t strides[8];
} CLiteRT_TensorType;

_Static_assert(sizeof(CLiteRT_Any) == 16, "LiteRtAny");
_Static_assert(sizeof(CLiteRT_EnvironmentOption) == 24, "LiteRtEnvOption");
_Static_assert(sizeof(CLiteRT_TensorType) == 72, "LiteRtRankedTensorType");

typedef void *CLiteRT_Object;
typedef int32_t (*CLiteRT_CreateEnvironment)(int32_t, const CLiteRT_EnvironmentOption *, CLiteRT_Object *);
typedef int32_t (*CLiteRT_CreateModelFromBuffer)(CLiteRT_Object, const void *, size_t, CLiteRT_Object *);
typedef int32_t (*CLiteRT_CreateOptions)(CLiteRT_Object *);
typedef int32_t (*CLiteRT_SetHardware)(CLiteRT_Object, int32_t);
typedef int32_t (*CLiteRT_CreateOpaqueOptions)(const char *, void *, void (*)(void *), CLiteRT_Object *);
typedef int32_t (*CLiteRT_AddOpaqueOptions)(CLiteRT_Object, CLiteRT_Object);
typedef int32_t (*CLiteRT_CreateCompiledModel)(CLiteRT_Object, CLiteRT_Object, CLiteRT_Object, CLiteRT_Object *);
typedef int32_t (*CLiteRT_GetSignature)(CLiteRT_Object, size_t, CLiteRT_Object *);
typedef int32_t (*CLiteRT_GetCount)(CLiteRT_Object, size_t *);
typedef int32_t (*CLiteRT_GetTensor)(CLiteRT_Object, size_t, CLiteRT_Object *);
typedef int32_t (*CLiteRT_GetTensorType)(CLiteRT_Object, CLiteRT_TensorType *);
typedef int32_t (*CLiteRT_GetRequirements)(CLiteRT_Object, size_t, size_t, CLiteRT_Object *);
typedef int32_t (*CLiteRT_CreateHostBuffer)(const CLiteRT_TensorType *, void *, size_t, void (*)(void *), CLiteRT_Object *);
typedef int32_t (*CLiteRT_Run)(CLiteRT_Object, size_t, size_t, CLiteRT_Object *, size_t, CLiteRT_Object *);
typedef void (*CLiteRT_Destroy)(CLiteRT_Object);
