#include <errno.h>
#include <string.h>
#include <strings.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
/* needs the headers above */
#include <iphlpapi.h>
#include <netioapi.h>

#include "base/ip.h"
#include "base/value.h"
#include "platform.h"
#include "wsa.h"

#define NAME_MAX_UNITS 256

const char *net_resolve_error(int error)
{
    switch (-error) {
    case WSAHOST_NOT_FOUND: return "no such name";
    case WSANO_DATA: return "the name has no address";
    case WSATRY_AGAIN: return "no nameserver answers";
    case WSANO_RECOVERY: return "the nameserver reports a failure";
    case EINVAL: return "not a host name";
    default: return "the system cannot look it up";
    }
}

static void make_addr(struct net_addr *out, const struct ip *ip, uint16_t port, uint32_t zone)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = zone};
    const void *from = ip->version == 6 ? (const void *)&in6 : &in;

    memcpy(&in.sin_addr, ip->bytes, sizeof in.sin_addr);
    memcpy(&in6.sin6_addr, ip->bytes, sizeof in6.sin6_addr);
    memset(out, 0, sizeof *out);
    out->len = ip->version == 6 ? sizeof in6 : sizeof in;
    memcpy(out->bytes, from, out->len);
}

/* Parses a literal with its zone: fe80::1%12, or an interface's name as Windows has them, ethernet_32768. */
static bool literal(const char *host, uint16_t port, struct net_addr *out)
{
    const char *zone = strchr(host, '%');
    int64_t number = 0;
    struct ip ip;

    if (!ip_parse(host, zone ? (size_t)(zone - host) : strlen(host), &ip))
        return false;
    if (zone && !value_count(zone + 1, &number))
        number = if_nametoindex(zone + 1);
    if (zone && !number)
        return false;
    make_addr(out, &ip, port, (uint32_t)number);
    return true;
}

/* Asks the system's resolver, which has its own limits (some 11 s). Returns the number of addresses, or an error. */
static int look_up(const char *host, uint16_t port, struct net_addr *out, int max)
{
    const ADDRINFOW want = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    uint16_t name[NAME_MAX_UNITS];
    ADDRINFOW *list;
    int n = 0, ret;

    if (strchr(host, '%') || !wide_of(host, name, NAME_MAX_UNITS)) /* '%': no such interface */
        return -EINVAL;
    ret = GetAddrInfoW((const wchar_t *)name, NULL, &want, &list);
    if (ret)
        return -ret;
    for (const ADDRINFOW *a = list; a && n < max; a = a->ai_next) {
        struct sockaddr_in *in = (void *)a->ai_addr;

        if ((a->ai_family != AF_INET && a->ai_family != AF_INET6) || a->ai_addrlen > sizeof out->bytes)
            continue;
        in->sin_port = htons(port); /* at the same offset in both families */
        memset(&out[n], 0, sizeof *out);
        out[n].len = (uint32_t)a->ai_addrlen;
        memcpy(out[n++].bytes, a->ai_addr, a->ai_addrlen);
    }
    FreeAddrInfoW(list);
    return n ? n : -WSANO_DATA;
}

int net_resolve(const char *host, uint16_t port, struct net_addr *out, int max, int timeout_ms)
{
    static const struct ip loopback[] = {{4, {127, 0, 0, 1}}, {6, {[15] = 1}}};

    (void)timeout_ms;
    if (literal(host, port, out))
        return 1;
    if (strcasecmp(host, "localhost"))
        return look_up(host, port, out, max);
    for (int i = 0; i < 2 && i < max; i++)
        make_addr(&out[i], &loopback[i], port, 0);
    return max < 2 ? max : 2;
}
