/* Port rules (SOCKPUSH_PORTS): parsing them, and finding the rule that counts a socket.
 * Pure; memory is allocated from an arena, at the start only. Errors are reported to d, under
 * the name variable. */
#ifndef RULES_H
#define RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/ip.h"
#include "count/ports.h"
#include "count/sock.h"
#include "count/tags.h"

#define RULES_MAX     10000
#define RULE_NONE     (-1)
#define ADDR_PORT_MAX 54 /* bytes of "[" IPv6 "]:65535" and its NUL */

enum rule_kind {
    RULE_PORTS,   /* 80, 8000-8100: any address, one series */
    RULE_ADDRESS, /* 1.1.1.1:80: sockets bound to that address, one series */
    RULE_MATCH,   /* *:80, *:8000-8100: a series per local address and port */
    RULE_LISTEN,  /* listen: a series per listening TCP port */
    RULE_REMOTE,  /* >443, >10.0.0.0/8:5432: the remote port, and perhaps address; one series */
};

struct rule {
    enum rule_kind kind;
    uint16_t low, high; /* first and last port */
    struct ip ip;       /* RULE_ADDRESS, RULE_REMOTE; of version 0: any address */
    uint8_t prefix;     /* RULE_REMOTE: bits of ip that are compared; the others are 0 */
    uint16_t group;     /* its series carry this group's tags */
    const char *text;   /* canonical: the addr_port of RULE_PORTS and RULE_ADDRESS; ">" and the remote of RULE_REMOTE */
};

struct rules {
    struct rule *rule;
    int n;
    struct tags *group_tags; /* by group, not merged */
    int n_groups;

    /* The index, built by rules_add. */
    struct port_set *ports;        /* the local ports of all rules but `listen`; NULL without rules */
    struct port_set *remote_ports; /* those of RULE_REMOTE; NULL without such rules */
    uint16_t *any;                 /* by port: 1 + the first rule for any address, or 0 */
    uint16_t *any_remote;          /* the same of RULE_REMOTE */
    uint16_t *address;             /* open-addressing hash of rules with an address: 1 + rule, or 0 */
    uint32_t address_mask;
    bool local;             /* there are rules of local ports */
    bool addresses;         /* there are rules of RULE_ADDRESS */
    uint8_t prefix[2][129]; /* prefixes that RULE_REMOTE has, of IPv4 and IPv6 */
    uint8_t n_prefixes[2];
    int listen;  /* the listen rule, or RULE_NONE */
    int useless; /* rules that can never match; they are left out */
    int bad;     /* rules that are errors */
};

/* Returns true for the rules whose series appear with their sockets: RULE_MATCH, RULE_LISTEN. */
bool rule_discovers(const struct rule *rule);

/* Parses the plain list or JSON in text. With bare_v6, "::1:80" is accepted with a warning,
 * for DataKit's variable. Returns 0 or -EINVAL; *out is valid in both cases, and empty after
 * an error. */
int rules_parse(const char *text, bool bare_v6, const char *variable, struct arena *a, struct diag *d,
                struct rules *out);

/* Begin a group, and add one rule of len bytes to it, for the parsers of the two syntaxes. With match_only, only "*:"
 * forms are accepted. A bad rule is reported and counted in r->bad. Return 0, or -EINVAL if parsing has to stop. */
int rules_add_group(struct rules *r, const struct tags *tags, struct arena *a);
int rules_add(struct rules *r, const char *text, size_t len, bool match_only, bool bare_v6, const char *variable,
              struct arena *a, struct diag *d);

/* Allocate the index, for the first rule and the first of RULE_REMOTE, and add rule n, the last, to it. The second
 * returns NULL, or why the rule is useless: rules before it match all of its sockets. */
void rules_make_room(struct rules *r, bool remote, struct arena *a);
const char *rules_enter(struct rules *r, int n);

/* Parses the JSON form. Returns 0 or -EINVAL. */
int rules_parse_json(const char *text, bool bare_v6, const char *variable, struct arena *a, struct diag *d,
                     struct rules *out);

/* Finds the first rule, in the order written, that matches the local side of s, in constant time. listening
 * has the TCP ports with a LISTEN socket; without a `listen` rule it is not read. Returns its index, or RULE_NONE. */
int rules_find(const struct rules *r, const struct sock *s, const struct port_set *listening);

/* Finds the first rule of RULE_REMOTE that matches the remote side of s, in the time of a look-up for each prefix that
 * the rules have. Returns its index, or RULE_NONE. */
int rules_find_remote(const struct rules *r, const struct sock *s);

/* Writes "1.1.1.1:80" or "[::1]:80", NUL-terminated. */
void addr_port_format(const struct ip *ip, uint16_t port, char out[ADDR_PORT_MAX]);

#endif
