#include "core.h"
int f_old() { return 1; }
int f_void(void) {return 1;}
const char *names[] = {"a","b","c"};
const struct big big = {3, {1,2,3}};
bool f_bool(_Bool b) {return b;}
double complex f_c(float complex c) {return c;}
void f_va(const char *fmt, va_list ap) {}
void f_arr(int a[3], int b[][4], int fn(int)) {}
struct opaque { int x; };
handle f_h(handle h) {return h;}
anon_enum f_e(anon_enum e) {return e;}
anon_union f_u(anon_union *u, volatile int *restrict v) {return *u;}
_Atomic int *f_at(_Atomic int *a){return a;}
struct timespec f_ts(const struct timespec *ts) {return *ts;}
int64_t f_64(uint8_t x, intptr_t y, size_t z, wchar_t w) {return 1;}
long double f_ld(long double x) {return x;}
#ifndef _WIN32
__int128 f_128(__int128 x) {return x;}
#endif
#if !defined(_WIN32) && !defined(__clang__)
_Float128 f_f128(_Float128 x) {return x;}
#endif
v4 f_v(v4 x) {return x;}
void *f_ptrs(void **a, const void *const *b, char ***c, void (*d)(void)) {return 0;}
void f_nr(void) { for(;;);}
int f_dep(int x) {return x;}
extern inline int f_inl(int x);
#ifndef _WIN32
_Thread_local int tls_var;
#endif
int f_p(struct packed p) {return p.i;}
int f_main(int argc, char *argv[static 2]) {return argc;}
