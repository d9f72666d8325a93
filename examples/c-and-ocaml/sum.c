#include <stdio.h>

#include "numbers.h"

int main(int argc, char **argv)
{
    printf("%g\n", sum_of((const char *const *)argv + 1, argc - 1));
    return 0;
}
