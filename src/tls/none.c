/* Stubs for a build without TLS. No output gets as far as calling them. */
#include <errno.h>

#include "tls/tls.h"

const bool tls_built = false;
const char tls_library[] = "none (make TLS=0)";

const char *tls_check_chain(const char *text)
{
    (void)text;
    return NULL;
}

const char *tls_check_trusted(const char *text, int *unread)
{
    (void)text;
    *unread = 0;
    return NULL;
}

const char *tls_check_key(const char *text)
{
    (void)text;
    return NULL;
}

int tls_open(struct tls **out, int fd, const struct tls_settings *s, const char *host, uint64_t deadline_ns, char *why,
             size_t cap)
{
    (void)out, (void)fd, (void)s, (void)host, (void)deadline_ns, (void)why, (void)cap;
    return -EPROTONOSUPPORT;
}

long tls_send_some(struct tls *t, const void *data, size_t len, char *why, size_t cap)
{
    (void)t, (void)data, (void)len, (void)why, (void)cap;
    return -EPROTONOSUPPORT;
}

long tls_receive_some(struct tls *t, void *out, size_t len, char *why, size_t cap)
{
    (void)t, (void)out, (void)len, (void)why, (void)cap;
    return -EPROTONOSUPPORT;
}

uint64_t tls_written(const struct tls *t)
{
    (void)t;
    return 0;
}

const char *tls_version(const struct tls *t)
{
    (void)t;
    return "";
}

int tls_finish(struct tls *t)
{
    (void)t;
    return -EPROTONOSUPPORT;
}

void tls_close(struct tls *t)
{
    (void)t;
}
