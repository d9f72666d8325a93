#include "core.h"

CORE_API int ext_run(void)
{
    return core_add(40, 2);
}
