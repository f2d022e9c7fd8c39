/* Sets up the library: its memory, its random numbers, its tables. */
#include <errno.h>
#include <pthread.h>

#include <mbedtls/version.h>
#if MBEDTLS_VERSION_MAJOR < 4
#include <mbedtls/aes.h>
#endif
#include <psa/crypto.h>

#include "platform.h"
#include "tls/mbedtls.h"

const bool tls_built = true;
const char tls_library[] = MBEDTLS_VERSION_STRING_FULL;

int tls_random(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    return platform_secret(out, len) ? MBEDTLS_ERR_SSL_INTERNAL_ERROR : 0;
}

#ifdef MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG
psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context, uint8_t *output,
                                             size_t output_size, size_t *output_length)
{
    (void)context;
    if (platform_secret(output, output_size))
        return PSA_ERROR_INSUFFICIENT_ENTROPY;
    *output_length = output_size;
    return PSA_SUCCESS;
}
#endif

/* Builds AES's tables under the lock, which two first keys would else do at once. Returns 0 or an error. */
static int build_tables(void)
{
#if MBEDTLS_VERSION_MAJOR < 4
    static const unsigned char key[16];
    mbedtls_aes_context aes;
    int ret;

    mbedtls_aes_init(&aes);
    ret = mbedtls_aes_setkey_enc(&aes, key, 128);
    mbedtls_aes_free(&aes);
    return ret;
#else
    return 0;
#endif
}

int tls_init(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool ready;
    int ret = 0;

    pthread_mutex_lock(&lock);
    if (!ready) {
#ifndef SOCKPUSH_SANITIZED /* sanitizers track each allocation */
        ret = tls_memory_init() ? 0 : -ENOMEM;
#endif
        if (!ret && (psa_crypto_init() || build_tables()))
            ret = -EIO;
        ready = !ret;
    }
    pthread_mutex_unlock(&lock);
    return ret;
}
