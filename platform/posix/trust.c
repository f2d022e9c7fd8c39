#include <errno.h>
#include <stddef.h>

#include "platform.h"

const char *const platform_bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine, Arch */
    "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
    "/etc/ssl/ca-bundle.pem",             /* SUSE */
    "/etc/ssl/cert.pem",                  /* Alpine, OpenWrt, BSD, macOS */
    NULL,
};

const char platform_store[] = "";

int platform_store_walk(platform_certificate_fn *fn, void *ctx)
{
    (void)fn, (void)ctx;
    return -EOPNOTSUPP;
}
