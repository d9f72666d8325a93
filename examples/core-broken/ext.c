#include "core.h"

int ext_run(void)
{
    struct point p = {6, 7};
    return core_add(core_area(&p), 0);
}
