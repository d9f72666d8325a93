#include "core.h"

int core_version = 3;

int core_add(int a, int b)
{
    return a + b;
}

void core_each(const point *way, void (*visit)(const point *, void *), void *data)
{
    for (; way; way = way->next)
        visit(way, data);
}

int CORE_STDCALL core_scale(point *p, int factor)
{
    p->x *= factor;
    p->y *= factor;
    return p->x + p->y;
}

double core_length(const point *way, enum core_mode mode)
{
    double sum = 0;
    for (; way && way->next; way = way->next) {
        double dx = way->next->x - way->x, dy = way->next->y - way->y;
        sum += mode == CORE_FAST ? (dx < 0 ? -dx : dx) + (dy < 0 ? -dy : dy) : dx * dx + dy * dy;
    }
    return sum;
}
