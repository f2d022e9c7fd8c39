/* The CA that is trusted where a recorded handshake is played (tls_recorded.h). */
#ifndef TLS_RECORDED_CA_H
#define TLS_RECORDED_CA_H

/* The issuer of the certificate in the recordings; valid until 2126. */
#define RECORDED_CA                                                      \
    "-----BEGIN CERTIFICATE-----\n"                                      \
    "MIIBlTCCATugAwIBAgIUUR3vPtt4vD8PxerDVue1Vpv9kFwwCgYIKoZIzj0EAwIw\n" \
    "FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNjAyMDYzOVoYDzIxMjYxMTAy\n" \
    "MDIwNjM5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO\n" \
    "PQMBBwNCAAT8VKknHddtxEZOumb6Hc8J8Gb9aTMvAqzdsSkDdlavWc+0etwuLf0J\n" \
    "DixMg1IJt6wXTsKEP4eBnYHD7tmXGbVTo2kwZzAdBgNVHQ4EFgQU7E5v8il4ilZh\n" \
    "bG7/mYdDqaugCkswHwYDVR0jBBgwFoAU7E5v8il4ilZhbG7/mYdDqaugCkswDwYD\n" \
    "VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID\n" \
    "SAAwRQIhAK1xIoe7Gz51r1grrhFRzCscbizeOBRacK29jP1hbLCpAiB/se+agPnC\n" \
    "taAbjnnT9I8CPO/Kjp4vhdS4KCDoAwnQ2g==\n"                             \
    "-----END CERTIFICATE-----\n"

#endif
