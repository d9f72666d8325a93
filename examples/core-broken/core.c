/* BROKEN is defined by the SConstruct as the name of one of the six. */
#if defined BROKEN_field
struct point { int x; int colour; int y; };
#else
struct point { int x; int y; };
#endif

#if defined BROKEN_missing
#elif defined BROKEN_argument
int core_add(long a, int b) { return (int)a + b; }
#elif defined BROKEN_result
long core_add(int a, int b) { return a + b; }
#elif defined BROKEN_data
int core_add = 42;
#elif defined BROKEN_hidden
__attribute__((visibility("hidden"))) int core_add(int a, int b) { return a + b; }
#else
int core_add(int a, int b) { return a + b; }
#endif

int core_area(const struct point *p) { return p->x * p->y; }
