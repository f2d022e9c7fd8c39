/* Resolves names: literals, localhost, /etc/hosts, DNS. musl's resolver is not used: it waits five seconds for
 * "localhost" without /etc/hosts, drops an A answer when AAAA fails, ends the search at the first domain that does not
 * answer, has no DNS over TCP before 1.2.4, and is, with what it needs, a quarter of the binary. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/deadline.h"
#include "lines.h"
#include "nameserver.h"
#include "platform.h"
#include "posix/posix.h"

const char *net_resolve_error(int error)
{
    static const char text[][48] = {
        [-DNS_NO_ADDRESS] = "the name has no address",
        [-DNS_NO_NAME] = "no such name",
        [-DNS_FAILED] = "the nameserver reports a failure",
        [-NAME_INVALID] = "not a host name",
        [-DNS_NO_TCP] = "the answer is too long for UDP, and TCP fails",
        [-NO_ANSWER] = "no nameserver answers",
        [-CONF_UNREAD] = "/etc/resolv.conf cannot be read",
    };

    return text[-error];
}

static bool literal(const char *host, uint16_t port, struct net_addr *out)
{
    struct scoped_ip ip;

    if (!ip_parse_scoped(host, strlen(host), &ip))
        return false;
    posix_make_addr(out, &ip, port);
    return true;
}

/* Returns true for "localhost" and names below it (RFC 6761, 6.3). */
static bool is_localhost(const char *host)
{
    static const char name[] = "localhost";
    size_t len = strlen(host), n = sizeof name - 1;

    len -= len && host[len - 1] == '.';
    return len >= n && !strncasecmp(host + len - n, name, n) && (len == n || host[len - n - 1] == '.');
}

/* Passes each line of the file to fn, as far as it can be read. A missing or unreadable file counts as empty. Returns
 * false if it is there, and cannot be read. */
static bool read_file(const char *path, line_fn *fn, void *ctx)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char buf[4096];
    long left;

    if (fd < 0)
        return errno == ENOENT;
    left = lines_read(fd, NULL, buf, sizeof buf, fn, ctx);
    if (left > 0)
        fn(ctx, buf, (size_t)left); /* a last line without a newline */
    close(fd);
    return left >= 0;
}

static int take_conf_line(void *ctx, const char *line, size_t len)
{
    resolv_conf_line(ctx, line, len);
    return 0;
}

static int take_hosts_line(void *ctx, const char *line, size_t len)
{
    struct found *f = ctx;

    f->n += hosts_line(line, len, f->host, &f->ip[f->n]);
    return f->n == FOUND_MAX;
}

int net_resolve(const char *host, uint16_t port, struct net_addr *out, int max, int timeout_ms)
{
    static const struct scoped_ip loopback[] = {{{4, {127, 0, 0, 1}}, ""}, {{6, {[15] = 1}}, ""}};
    struct found found = {.host = host};
    struct resolv_conf conf;
    bool is_read;
    int ret = 0;

    if (literal(host, port, out))
        return 1;
    if (is_localhost(host)) {
        memcpy(found.ip, loopback, sizeof loopback);
        found.n = 2;
    } else {
        read_file("/etc/hosts", take_hosts_line, &found);
    }
    if (!found.n) {
        resolv_conf_init(&conf);
        is_read = read_file("/etc/resolv.conf", take_conf_line, &conf);
        resolv_conf_complete(&conf);
        ret = nameserver_ask(&conf, &found, deadline_in((unsigned)timeout_ms));
        if (ret == NO_ANSWER && !is_read)
            ret = CONF_UNREAD;
    }
    if (!found.n)
        return ret;
    for (int i = 0; i < found.n && i < max; i++)
        posix_make_addr(&out[i], &found.ip[i], port);
    return found.n < max ? found.n : max;
}
