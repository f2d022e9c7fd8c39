/* What a receiver answers while TLS is shaking hands, from recordings that fit (tests/unit/tls/tls_recorded.h), and
 * what follows. */
#include "fuzz/fuzz.h"
#include "unit/tls/tls_recorded.h"

#define INPUT_MAX 65536 /* a socket takes so much at once */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[400] = "";

    if (recorded_answer(data, size < INPUT_MAX ? size : INPUT_MAX, true, why, sizeof why))
        MUST(*why);
    return 0;
}
