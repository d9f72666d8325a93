/* Every kind of declaration that C has and that a library can export. */
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <complex.h>
#include <stdarg.h>
#include <time.h>
int f_old();
int f_void(void);
extern const char *names[];
extern const struct big { int n; char tail[]; } big;
bool f_bool(_Bool b);
double complex f_c(float complex c);
void f_va(const char *fmt, va_list ap);
void f_arr(int a[3], int b[][4], int fn(int));
struct opaque; typedef struct opaque *handle;
handle f_h(handle h);
typedef enum { A, B } anon_enum;
anon_enum f_e(anon_enum e);
typedef union { int i; struct { short a, b; }; } anon_union;
anon_union f_u(anon_union *u, volatile int *restrict v);
_Atomic int *f_at(_Atomic int *a);
struct timespec f_ts(const struct timespec *ts);
int64_t f_64(uint8_t x, intptr_t y, size_t z, wchar_t w);
long double f_ld(long double x);
#ifndef _WIN32
__int128 f_128(__int128 x);
#endif
#if !defined(_WIN32) && !defined(__clang__)
_Float128 f_f128(_Float128 x);
#endif
typedef int v4 __attribute__((vector_size(16)));
v4 f_v(v4 x);
void *f_ptrs(void **, const void *const *, char ***, void (*)(void));
__attribute__((noreturn)) void f_nr(void);
__attribute__((deprecated)) int f_dep(int);
inline int f_inl(int x) { return x; }
#ifndef _WIN32
extern _Thread_local int tls_var;
#endif
struct packed { char c; int i; } __attribute__((packed));
int f_p(struct packed p);
int f_main(int argc, char *argv[static 2]);
