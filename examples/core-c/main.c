/* Loads every module that is named on the command line and calls its ext_run. */
#include <dlfcn.h>
#include <stdio.h>

int main(int count, char **names)
{
    for (int i = 1; i < count; i++) {
        void *module = dlopen(names[i], RTLD_NOW);
        int (*run)(void) = module ? (int (*)(void))dlsym(module, "ext_run") : NULL;
        if (!run) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        printf("%d\n", run());
    }
    return 0;
}
