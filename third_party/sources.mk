# The sources of others that are compiled in. fetch.sh gets them by sources.lock.

CJSON    = build/third_party/cjson/cJSON.c
CMOCKA   = build/third_party/cmocka/src/cmocka.c
MBEDTLS  = build/third_party/mbedtls

# The files of mbedTLS that are not empty with third_party/mbedtls/mbedtls_config.h. "undefined reference" at the link after a change there:
# add the file that has it.
MBEDTLS_FILES = aes aesni asn1parse asn1write base64 bignum bignum_core chacha20 chachapoly cipher cipher_wrap constant_time ecdh \
	ecdsa ecp ecp_curves gcm hkdf md mps_reader oid pem pk pk_ecc pk_wrap pkparse platform platform_util poly1305 \
	psa_crypto psa_crypto_aead psa_crypto_cipher psa_crypto_client psa_crypto_driver_wrappers_no_static psa_crypto_ecp \
	psa_crypto_hash psa_crypto_mac psa_crypto_rsa psa_crypto_slot_management psa_util rsa rsa_alt_helpers sha1 sha256 sha512 \
	ssl_ciphersuites ssl_client ssl_msg ssl_tls ssl_tls12_client ssl_tls13_client ssl_tls13_generic ssl_tls13_keys threading x509 x509_crt
TLS_SRC  = $(if $(filter 0,$(TLS)),,$(MBEDTLS_FILES:%=$(MBEDTLS)/library/%.c))
FETCHED  = $(CJSON) $(TLS_SRC)

# third_party has mbedtls/mbedtls_config.h, which replaces mbedTLS's own.
INCLUDES = -isystem $(dir $(CJSON)) -isystem $(MBEDTLS)/include -iquote third_party

# Warnings in these sources are ignored.
%/cJSON.o: WARN = -w -include third_party/cjson_config.h
%/cmocka.o: WARN = -w -DHAVE_MALLOC_H -DHAVE_STRINGS_H -DHAVE_INTTYPES_H -DHAVE_UINTPTR_T -DHAVE_SNPRINTF -DHAVE_VSNPRINTF -DHAVE_GCC_THREAD_LOCAL_STORAGE \
	$(CMOCKA_HAS)
CMOCKA_HAS = -DHAVE_SIGNAL_H -DHAVE_STRSIGNAL -DHAVE_SIGLONGJMP -DHAVE_STRUCT_TIMESPEC -DHAVE_CLOCK_REALTIME
OF_MBEDTLS = $(foreach file,$(MBEDTLS_FILES),%/$(MBEDTLS)/library/$(file).o)
$(OF_MBEDTLS): WARN = -w
# The link-time optimiser would separate the labels of its assembly.
%/$(MBEDTLS)/library/aesni.o: RELEASE += -fno-lto

$(CJSON): third_party/sources.lock third_party/fetch.sh
	@third_party/fetch.sh cjson
$(CMOCKA): third_party/sources.lock third_party/fetch.sh
	@third_party/fetch.sh cmocka
$(TLS_SRC) &: third_party/sources.lock third_party/fetch.sh
	@third_party/fetch.sh mbedtls
build/third_party/musl/configure: third_party/sources.lock third_party/fetch.sh
	@third_party/fetch.sh musl
