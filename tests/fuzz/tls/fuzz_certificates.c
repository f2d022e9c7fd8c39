/* Reads certificates and keys: as PEM, the form of SOCKPUSH_TLS_CA, _CERT and _KEY, and as the DER inside, which the
 * first byte chooses. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "tls/mbedtls.h"
#include "tls/tls.h"

static void count(void *n, mbedtls_x509_crt *crt)
{
    ++*(int *)n;
    tls_free_certificate(crt);
}

/* Returns the data encoded as PEM. */
static char *pem_of(const char *kind, const uint8_t *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = malloc(size * 2 + 200), *at = text + sprintf(text, "-----BEGIN %s-----\n", kind);

    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = (uint32_t)data[i] << 16;

        if (i + 1 < size)
            bits |= (uint32_t)data[i + 1] << 8;
        if (i + 2 < size)
            bits |= data[i + 2];
        for (int digit = 0; digit < 4; digit++)
            *at++ = i + (size_t)digit > size ? '=' : digits[bits >> (18 - 6 * digit) & 63];
        if (i % 48 == 45)
            *at++ = '\n';
    }
    sprintf(at, "\n-----END %s-----\n", kind);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const kinds[] = {"CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"};
    char *text = size && *data < 4 ? pem_of(kinds[*data], data + 1, size - 1) : text_of(data, size);

    if (tls_is_pem(text)) { /* any other text would be a path */
        const char *wrong = tls_check_chain(text);
        int n = 0, unread = tls_each_certificate(text, count, &n);

        MUST(unread >= 0 && (!wrong || *wrong));
        if (!wrong)
            MUST(n > 0 && !unread);
        wrong = tls_check_key(text);
        MUST(!wrong || *wrong);
    }
    free(text);
    return 0;
}
