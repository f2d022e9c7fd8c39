/* Reads certificates and keys: as PEM, the form of SOCKPUSH_TLS_CA, _CERT and _KEY, and as the DER inside, which the
 * first byte chooses. */
#include <mbedtls/base64.h>

#include "fuzz/fuzz.h"
#include "tls/mbedtls.h"
#include "tls/tls.h"

static void count(void *n, mbedtls_x509_crt *crt)
{
    ++*(int *)n;
    tls_free_certificate(crt);
}

/* Returns the data encoded as PEM, in lines of 48 bytes. */
static char *pem_of(const char *kind, const uint8_t *data, size_t size)
{
    char *text = malloc(size * 2 + 200), *at = text + sprintf(text, "-----BEGIN %s-----\n", kind);

    for (size_t n, written; size; data += n, size -= n) {
        n = least(size, 48);
        MUST(!mbedtls_base64_encode((unsigned char *)at, 65, &written, data, n));
        at += written;
        *at++ = '\n';
    }
    sprintf(at, "-----END %s-----\n", kind);
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
