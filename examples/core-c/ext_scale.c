#include "core.h"

static void count(const point *p, void *data)
{
    *(int *)data += p->x;
}

CORE_API int ext_run(void)
{
    point end = {3, 4, NULL}, start = {1, 2, &end};
    int sum = core_scale(&start, 10);
    core_each(&start, count, &sum);
    return sum + (int)core_length(&start, CORE_FAST) + core_version;
}
