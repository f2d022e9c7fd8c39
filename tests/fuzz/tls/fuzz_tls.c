/* Reads a receiver's bytes during and after the TLS handshake. The corpus has recordings that match
 * (tests/unit/tls/tls_recorded.h). */
#include "fuzz/fuzz.h"
#include "unit/tls/tls_recorded.h"

#define INPUT_MAX 65536 /* the most that a socket takes at once */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[400] = "";

    if (recorded_answer(data, least(size, INPUT_MAX), true, why, sizeof why))
        MUST(*why);
    return 0;
}
