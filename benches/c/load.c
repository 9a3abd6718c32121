/*
 * What loading the library takes: opens the one that is named, asks for its version, and prints
 * nanoseconds and the resident memory in KiB; without one, only the memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _POSIX_C_SOURCE 200809L

#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

static long resident_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status) && sscanf(line, "VmRSS: %ld", &kib) != 1) {
    }
    if (status)
        fclose(status);
    return kib;
}

int main(int argc, char **argv)
{
    long long taken = 0;
    if (argc > 1) {
        struct timespec start, end;
        clock_gettime(CLOCK_MONOTONIC, &start);
        void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        const char *(*version)(void) = NULL;
        if (library)
            *(void **)&version = dlsym(library, "driftcore_version");
        if (!version || !version()) {
            fprintf(stderr, "load: %s\n", dlerror());
            return 1;
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        taken = (end.tv_sec - start.tv_sec) * 1000000000LL + (end.tv_nsec - start.tv_nsec);
    }
    printf("%lld %ld\n", taken, resident_kib());
    return 0;
}
