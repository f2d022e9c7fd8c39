/* Reads a number, which must be the C library's, and must come back after it was written. */
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size), *end;
    double number, again, other = strtod(text, &end);

    if (number_read(text, size, &number)) {
        char shown[NUMBER_TEXT_MAX];
        struct buf b = {.data = shown, .cap = sizeof shown};

        MUST(end == text + size && number_bits(number) == number_bits(other));
        buf_double(&b, number);
        MUST(!b.full && number_read(shown, b.len, &again) && again == number);
    } else {
        bool decimal = size && strspn(text, "0123456789+-.eE") == size;

        MUST(!decimal || end != text + size || isinf(other));
    }
    free(text);
    return 0;
}
