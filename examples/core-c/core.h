/* The interface of the core: every extension is compiled against it. */
#ifndef CORE_H
#define CORE_H

#include <stddef.h>

typedef struct point {
    int x;
    int y;
    struct point *next;
} point;

enum core_mode { CORE_FAST = 1, CORE_EXACT = 2 };

#ifdef _WIN32
#define CORE_API __declspec(dllexport)
#define CORE_STDCALL __stdcall
#else
#define CORE_API __attribute__((visibility("default")))
#define CORE_STDCALL
#endif

CORE_API extern int core_version;
CORE_API int core_add(int a, int b);
CORE_API double core_length(const point *way, enum core_mode mode);
CORE_API void core_each(const point *way, void (*visit)(const point *, void *), void *data);
CORE_API int CORE_STDCALL core_scale(point *p, int factor);

#endif
