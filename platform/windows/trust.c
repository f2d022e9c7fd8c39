#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <windows.h>
#include <wincrypt.h>

#include "platform.h"

/* Empty: any user of the machine may create /etc. */
const char *const platform_bundles[] = {NULL};

const char platform_store[] = "Windows' root store";

/* Returns true if the root may sign servers' certificates. The store has roots for programs and time stamps, too. */
static bool is_for_servers(const CERT_CONTEXT *certificate)
{
    _Alignas(CERT_ENHKEY_USAGE) char room[4096];
    CERT_ENHKEY_USAGE *uses = (void *)room;
    DWORD size = sizeof room;

    if (!CertGetEnhancedKeyUsage(certificate, 0, uses, &size))
        return false;
    if (!uses->cUsageIdentifier)
        return GetLastError() == (DWORD)CRYPT_E_NOT_FOUND; /* valid for all uses */
    for (DWORD i = 0; i < uses->cUsageIdentifier; i++)
        if (!strcmp(uses->rgpszUsageIdentifier[i], szOID_PKIX_KP_SERVER_AUTH) ||
            !strcmp(uses->rgpszUsageIdentifier[i], szOID_ANY_ENHANCED_KEY_USAGE))
            return true;
    return false;
}

static bool is_in(HCERTSTORE store, const CERT_CONTEXT *certificate)
{
    const CERT_CONTEXT *found = CertFindCertificateInStore(store, X509_ASN_ENCODING, 0, CERT_FIND_EXISTING, certificate,
                                                           NULL);

    if (!found)
        return GetLastError() != (DWORD)CRYPT_E_NOT_FOUND; /* if the look-up fails, distrust it */
    CertFreeCertificateContext(found);
    return true;
}

/* Walks the roots that Windows has now. It fetches others only when its own programs need them. */
int platform_store_walk(platform_certificate_fn *fn, void *ctx)
{
    HCERTSTORE store = CertOpenSystemStoreW(0, L"ROOT"), distrusted = CertOpenSystemStoreW(0, L"Disallowed");
    const CERT_CONTEXT *certificate = NULL;
    bool opened = store && distrusted;

    while (opened && (certificate = CertEnumCertificatesInStore(store, certificate)))
        if (is_for_servers(certificate) && !is_in(distrusted, certificate))
            fn(ctx, certificate->pbCertEncoded, certificate->cbCertEncoded);
    if (distrusted)
        CertCloseStore(distrusted, 0);
    if (store)
        CertCloseStore(store, 0);
    return opened ? 0 : -EACCES;
}
