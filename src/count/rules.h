/* Port rules (SOCKPUSH_PORTS): reading them, and finding the one a socket counts in.
 * Pure but for memory at the start. */
#ifndef RULES_H
#define RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/ip.h"
#include "count/sock.h"
#include "count/tags.h"

#define RULES_MAX     10000
#define RULE_NONE     (-1)
#define ADDR_PORT_MAX 54 /* "[" IPv6 "]:65535" and its NUL */

enum rule_kind {
    RULE_PORTS,   /* 80, 8000-8100: any address, one series */
    RULE_ADDRESS, /* 1.1.1.1:80: that bound address, one series */
    RULE_MATCH,   /* *:80, *:8000-8100: a series per local address and port */
    RULE_LISTEN,  /* listen: a series per listening TCP port */
};

struct rule {
    enum rule_kind kind;
    uint16_t low, high; /* ports, inclusive; equal but for ranges */
    struct ip ip;       /* RULE_ADDRESS */
    uint16_t group;     /* whose tags its series carry */
    const char *text;   /* canonical; what addr_port says for the first two kinds */
};

struct rules {
    struct rule *rule;
    int n;
    struct tags *group_tags; /* by group, unmerged */
    int n_groups;

    /* The index, made by rules_index. */
    uint16_t *any;     /* by port: 1 + the first rule for any address, 0 none */
    uint16_t *address; /* open-addressing hash of RULE_ADDRESS: 1 + rule, 0 free */
    uint32_t address_mask;
    int listen;  /* the listen rule, or RULE_NONE */
    int useless; /* rules that were warned about and left out */
    int bad;     /* rules that d was told of as errors */
};

/* True for the two kinds whose series appear with their sockets. */
bool rule_discovers(const struct rule *rule);

/* Reads the plain list or JSON in text. bare_v6: also takes "::1:80", with a warning, as
 * DataKit's variable does. Returns 0 or -EINVAL after telling d. Either way *out may be
 * used; it has no rules after an error. */
int rules_parse(const char *text, bool bare_v6, const char *variable, struct arena *a, struct diag *d,
                struct rules *out);

/* For the readers of the two syntaxes: a new group, and one rule's text into it. A bad rule is counted in r->bad, so
 * that all of them are named; -EINVAL is for what cannot be gone on with. */
int rules_add_group(struct rules *r, const struct tags *tags, struct arena *a);
int rules_add(struct rules *r, const char *text, size_t len, bool match_only, bool bare_v6, const char *variable,
              struct arena *a, struct diag *d);
int rules_parse_json(const char *text, bool bare_v6, const char *variable, struct arena *a, struct diag *d,
                     struct rules *out);

/* The first rule, in the order written, that s counts in, or RULE_NONE. listening has a
 * bit for each TCP port that has a LISTEN socket. Costs the same for any number of rules. */
int rules_find(const struct rules *r, const struct sock *s, const uint8_t listening[8192]);

/* "80", "1.1.1.1:80", "[::1]:80": the canonical text, NUL-terminated. */
void addr_port_format(const struct ip *ip, uint16_t port, char out[ADDR_PORT_MAX]);

#endif
