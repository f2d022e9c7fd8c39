#include "netlink_filter.h"

#include <linux/inet_diag.h>
#include <string.h>
#include <sys/socket.h>

/* Beyond the end by so much is where a jump leads to that rejects the socket; one to the end accepts it. */
#define REJECT 4

struct code {
    struct inet_diag_bc_op *op;
    size_t n;                  /* operations, of 4 bytes */
    size_t end;                /* where code ends: a place in op */
    size_t miss[FILTER_SIDES]; /* where a port leads that is in no range of its side */
    enum filter_side side;     /* of the search that is being put */
    const struct port_range *ranges;
};

static void put(struct code *c, unsigned char code, size_t yes, size_t no)
{
    c->op[c->n++] = (struct inet_diag_bc_op){.code = code, .yes = (unsigned char)yes, .no = (unsigned short)no};
}

static size_t bytes(size_t n)
{
    return n * sizeof(struct inet_diag_bc_op);
}

/* Returns the i-th boundary: from there on, up to the next one, ports are in a range if i is even. */
static size_t boundary(const struct code *c, size_t i)
{
    return i % 2 ? c->ranges[i / 2].high + 1u : c->ranges[i / 2].low;
}

/* Returns where a port leads that has reached n boundaries. */
static size_t leaf(const struct code *c, size_t n)
{
    return n % 2 ? c->end : c->miss[c->side];
}

/* Puts the search among the boundaries first … last-1: a test of two operations whether the port has reached the middle
 * one; then the search above it, or a jump to its leaf; then the search below it. Where nothing is below, the test
 * leads to the leaf itself. */
static void put_search(struct code *c, size_t first, size_t last)
{
    size_t middle = (first + last) / 2, test = c->n;

    put(c, c->side == FILTER_LOCAL ? INET_DIAG_BC_S_GE : INET_DIAG_BC_D_GE, 8, 0);
    put(c, 0, 0, boundary(c, middle));
    if (middle + 1 < last)
        put_search(c, middle + 1, last);
    else
        put(c, INET_DIAG_BC_JMP, 4, bytes(leaf(c, last) - c->n));
    c->op[test].no = (unsigned short)bytes((middle > first ? c->n : leaf(c, first)) - test);
    if (middle > first)
        put_search(c, first, middle);
}

/* Puts the test of the family, where the last search leads a port in no range: an operation, its host condition with an
 * address though the prefix has 0 bits, and for IPv6 a jump. The condition is true of IPv4, v4-mapped addresses
 * included, and leads 4 bytes less far than where it is false: to the end, which accepts, or for IPv6 to a jump that
 * rejects. */
static void put_family(struct code *c, enum filter_family family)
{
    const struct inet_diag_hostcond ipv4 = {.family = AF_INET, .port = -1};
    size_t size = sizeof ipv4 + sizeof(uint32_t);

    put(c, INET_DIAG_BC_D_COND, sizeof *c->op + size, sizeof *c->op + size + REJECT);
    memset(&c->op[c->n], 0, size);
    memcpy(&c->op[c->n], &ipv4, sizeof ipv4);
    c->n += size / sizeof *c->op;
    if (family == FILTER_IPV6)
        put(c, INET_DIAG_BC_JMP, sizeof *c->op, sizeof *c->op + REJECT);
}

/* Puts a search for each side that has ranges, one after the other, then the test of the family. */
static void put_all(struct code *c, const struct filter_ports *ports, enum filter_family family)
{
    c->n = 0;
    for (c->side = FILTER_LOCAL; c->side < FILTER_SIDES; c->side++) {
        size_t n = ports->n[c->side];

        c->ranges = ports->range[c->side];
        if (n)
            put_search(c, 0, 2 * n - (c->ranges[n - 1].high == 65535));
        c->miss[c->side] = c->n;
    }
    if (family)
        put_family(c, family);
    c->end = c->n;
    for (unsigned i = 0; i < FILTER_SIDES; i++)
        if (c->miss[i] == c->end)
            c->miss[i] += REJECT / sizeof *c->op;
}

size_t netlink_filter(const struct filter_ports *ports, enum filter_family family, void *out)
{
    struct code code = {.op = out};

    put_all(&code, ports, family); /* finds out how long it is, */
    put_all(&code, ports, family); /* which this one needs */
    return bytes(code.n);
}
