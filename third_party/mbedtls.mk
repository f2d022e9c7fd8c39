# The files of mbedTLS that third_party/mbedtls/mbedtls_config.h leaves something of. "undefined reference" at the link after a change there:
# add the file it is in.
MBEDTLS = build/third_party/mbedtls
MBEDTLS_FILES = aes aesni asn1parse asn1write base64 bignum bignum_core chacha20 chachapoly cipher cipher_wrap constant_time ecdh \
	ecdsa ecp ecp_curves gcm hkdf md mps_reader oid pem pk pk_ecc pk_wrap pkparse platform platform_util poly1305 \
	psa_crypto psa_crypto_aead psa_crypto_cipher psa_crypto_client psa_crypto_driver_wrappers_no_static psa_crypto_ecp \
	psa_crypto_hash psa_crypto_mac psa_crypto_rsa psa_crypto_slot_management psa_util rsa rsa_alt_helpers sha1 sha256 sha512 \
	ssl_ciphersuites ssl_client ssl_msg ssl_tls ssl_tls12_client ssl_tls13_client ssl_tls13_generic ssl_tls13_keys threading x509 x509_crt
