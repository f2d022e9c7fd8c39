/* Build configuration of mbedTLS: a TLS 1.2 and 1.3 client, and what receivers' certificates need. It has no server,
 * session resumption, renegotiation, files or texts. */

#ifndef MBEDTLS_CONFIG_H
#define MBEDTLS_CONFIG_H

/* --- environment: no allocator, stdio or files of the C library ------------------------- */
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE /* certificates expire */
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#ifndef SOCKPUSH_SANITIZED /* sanitizers bring their allocator; otherwise src/tls/mbedtls_memory.c is used */
#define MBEDTLS_PLATFORM_NO_STD_FUNCTIONS
/* Only functions that write certificates as text call it, and nothing calls those. */
#define MBEDTLS_PLATFORM_SNPRINTF_MACRO mbedtls_no_snprintf
__attribute__((unused)) static int mbedtls_no_snprintf(char *out, __SIZE_TYPE__ size, const char *format, ...)
{
    (void)out, (void)size, (void)format;
    __builtin_trap();
}
#endif
#define MBEDTLS_THREADING_C /* outputs share PSA's state */
#define MBEDTLS_THREADING_PTHREAD
#define MBEDTLS_PSA_CRYPTO_C                 /* TLS 1.3 needs it */
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG      /* the system's random numbers */
#define MBEDTLS_PSA_ASSUME_EXCLUSIVE_BUFFERS /* buffers are not shared; saves copies, 13 KB of heap in a handshake */

/* --- ciphers: AES-GCM and ChaCha20-Poly1305 -------------------------------------------- */
#define MBEDTLS_AES_C
#define MBEDTLS_AES_FEWER_TABLES
#define MBEDTLS_BLOCK_CIPHER_NO_DECRYPT /* GCM only encrypts */
#if defined(__x86_64__) || defined(__i386__)
#define MBEDTLS_AESNI_C /* table look-ups leak the key by their timing */
#endif
#define MBEDTLS_GCM_C
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C
#define MBEDTLS_CIPHER_C

/* --- hashes. SHA-1 is there to read old self-signed roots; the default profile rejects it in other signatures. */
#define MBEDTLS_MD_C
#define MBEDTLS_SHA1_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_SHA512_SMALLER
#define MBEDTLS_HKDF_C

/* --- keys: x25519, P-256, P-384, RSA --------------------------------------------------- */
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_MPI_WINDOW_SIZE 2
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_CURVE25519_ENABLED
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_WINDOW_SIZE       2
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 0
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_PKCS1_V21

/* --- certificates ------------------------------------------------------------------------ */
#define MBEDTLS_OID_C
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT
#define MBEDTLS_X509_REMOVE_INFO
#define MBEDTLS_X509_TRUSTED_CERTIFICATE_CALLBACK /* a system's bundle is never in memory as a whole */

/* --- TLS ----------------------------------------------------------------------------------- */
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE /* TLS 1.3 needs it */
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_IN_CONTENT_LEN  16384 /* largest record that a receiver may send (RFC 8446, 5.1) */
#define MBEDTLS_SSL_OUT_CONTENT_LEN 8192  /* src/tls/tls.h; the client's certificates must fit */
#define MBEDTLS_SSL_CIPHERSUITES                                                                                   \
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS1_3_AES_256_GCM_SHA384, MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, \
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,            \
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,            \
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256

#endif
