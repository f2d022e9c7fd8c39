/* Runs a fuzzer's function on files, without a fuzzer: replay FILE... */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        uint8_t *data;
        long size;

        MUST(file && !fseek(file, 0, SEEK_END) && (size = ftell(file)) >= 0);
        rewind(file);
        data = malloc((size_t)size + 1);
        MUST(data && fread(data, 1, (size_t)size, file) == (size_t)size);
        LLVMFuzzerTestOneInput(data, (size_t)size);
        free(data);
        fclose(file);
    }
    return 0;
}
