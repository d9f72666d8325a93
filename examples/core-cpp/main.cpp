// Loads every module that is named on the command line and calls its ext_run.
#include <dlfcn.h>
#include <iostream>

int main(int count, char **names)
{
    for (int i = 1; i < count; i++) {
        void *module = dlopen(names[i], RTLD_NOW);
        auto run = module ? reinterpret_cast<int (*)()>(dlsym(module, "ext_run")) : nullptr;
        if (!run) {
            std::cerr << dlerror() << "\n";
            return 1;
        }
        std::cout << run() << "\n";
    }
}
