/* The extensions are compiled against this header. core.c differs from it in one of six ways. */
struct point {
    int x;
    int y;
};

int core_add(int a, int b);
int core_area(const struct point *p);
