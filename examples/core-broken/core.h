/* What the extensions are compiled against. core.c was written for something else, in one of six ways. */
struct point {
    int x;
    int y;
};

int core_add(int a, int b);
int core_area(const struct point *p);
