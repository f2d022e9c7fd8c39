/* The index of the port rules: a rule is found in the same time whether they are few or 10,000. */
#include <string.h>

#include "base/hash.h"
#include "count/rules.h"

/* --- rules with an address --------------------------------------------------- */

/* Returns the place in the hash of the rule with this kind, address, prefix and port, or a free one. */
static uint16_t *place_of(const struct rules *r, const struct rule *like)
{
    uint32_t words[5] = {(uint32_t)like->kind << 28 | (uint32_t)like->ip.version << 24 | (uint32_t)like->prefix << 16 |
                         like->low};
    uint32_t at;

    memcpy(words + 1, like->ip.bytes, 16);
    for (at = hash_words(words, 5) & r->address_mask;; at = (at + 1) & r->address_mask) {
        const struct rule *rule = r->address[at] ? &r->rule[r->address[at] - 1] : NULL;

        if (!rule ||
            (rule->kind == like->kind && rule->low == like->low && rule->prefix == like->prefix &&
             rule->ip.version == like->ip.version && !memcmp(rule->ip.bytes, like->ip.bytes, sizeof like->ip.bytes)))
            return &r->address[at];
    }
}

/* Returns the earlier of two rules; RULE_NONE, as unsigned, is later than all. */
static int earlier(int a, int b)
{
    return (unsigned)a < (unsigned)b ? a : b;
}

/* Returns the first rule of RULE_REMOTE that has this port, and the first bits of this address. Prefixes longer than
 * `longest` are left out. */
static int find_network(const struct rules *r, const struct ip *ip, uint16_t port, unsigned longest)
{
    bool v6 = ip->version == 6;
    int best = RULE_NONE;

    for (unsigned i = 0; i < r->n_prefixes[v6]; i++) {
        struct rule like = {.kind = RULE_REMOTE, .low = port, .ip = *ip, .prefix = r->prefix[v6][i]};

        if (like.prefix > longest)
            continue;
        ip_mask(&like.ip, like.prefix);
        best = earlier(*place_of(r, &like) - 1, best);
    }
    return best;
}

/* --- building it, rule by rule ------------------------------------------------ */

void rules_make_room(struct rules *r, bool remote, struct arena *a)
{
    if (!r->rule) {
        r->rule = arena_zero(a, RULES_MAX, sizeof *r->rule);
        r->ports = arena_zero(a, 1, sizeof *r->ports);
        r->any = arena_zero(a, 65536, sizeof *r->any);
        r->address_mask = 32767; /* at most a third full */
        r->address = arena_zero(a, r->address_mask + 1, sizeof *r->address);
    }
    if (remote && !r->remote_ports) {
        r->remote_ports = arena_zero(a, 1, sizeof *r->remote_ports);
        r->any_remote = arena_zero(a, 65536, sizeof *r->any_remote);
    }
}

static void note_prefix(struct rules *r, const struct rule *rule)
{
    bool v6 = rule->ip.version == 6;

    if (!memchr(r->prefix[v6], rule->prefix, r->n_prefixes[v6]))
        r->prefix[v6][r->n_prefixes[v6]++] = rule->prefix;
}

/* Adds a rule that has an address. */
static const char *enter_address(struct rules *r, const struct rule *rule, uint16_t number, const uint16_t *any,
                                 struct port_set *ports)
{
    uint16_t *place = place_of(r, rule);

    if (any[rule->low])
        return "can never match: an earlier rule takes its port on any address";
    if (*place)
        return "repeats an earlier one and is ignored";
    if (rule->kind == RULE_ADDRESS) {
        r->addresses = true;
    } else {
        if (find_network(r, &rule->ip, rule->low, rule->prefix) != RULE_NONE)
            return "can never match: an earlier rule takes its addresses";
        note_prefix(r, rule);
    }
    *place = number;
    ports_add(ports, rule->low);
    return NULL;
}

const char *rules_enter(struct rules *r, int n)
{
    const struct rule *rule = &r->rule[n];
    uint16_t number = (uint16_t)(n + 1), *any = rule->kind == RULE_REMOTE ? r->any_remote : r->any;
    struct port_set *ports = rule->kind == RULE_REMOTE ? r->remote_ports : r->ports;
    bool taken = true;

    if (rule->ip.version)
        return enter_address(r, rule, number, any, ports);
    if (rule->kind == RULE_LISTEN) {
        if (r->listen != RULE_NONE)
            return "repeats an earlier one and is ignored";
        for (unsigned port = 1; port <= 65535; port++)
            taken = taken && any[port];
        if (!taken)
            r->listen = n;
    } else {
        for (unsigned port = rule->low; port <= rule->high; port++)
            if (!any[port]) {
                any[port] = number;
                ports_add(ports, (uint16_t)port);
                taken = false;
            }
    }
    return taken ? "can never match: earlier rules take its ports" : NULL;
}

/* --- finding ------------------------------------------------------------------- */

/* Returns true for a single port, "80". "listen" leaves it to that rule: they would make two
 * series of one name. */
static bool names_port(const struct rules *r, int n)
{
    return n != RULE_NONE && r->rule[n].kind == RULE_PORTS && r->rule[n].low == r->rule[n].high;
}

int rules_find(const struct rules *r, const struct sock *s, const struct port_set *listening)
{
    uint16_t port = s->local_port;
    int any = RULE_NONE, best = RULE_NONE;

    if (ports_have(r->ports, port)) {  /* else no page of the tables below is touched */
        any = best = r->any[port] - 1; /* RULE_NONE if r->any is 0 */
        if (r->addresses && s->known & SOCK_ADDRESS) {
            struct rule like = {.kind = RULE_ADDRESS, .low = port, .ip.version = s->ip_version};

            memcpy(like.ip.bytes, s->local, sizeof like.ip.bytes);
            best = earlier(*place_of(r, &like) - 1, best);
        }
    }
    if (r->listen == RULE_NONE || (best != RULE_NONE && best < r->listen) || !ports_have(listening, port))
        return best;
    return names_port(r, any) ? best : r->listen;
}

int rules_find_remote(const struct rules *r, const struct sock *s)
{
    struct ip ip = {.version = s->ip_version};

    if (!r->remote_ports || !(s->known & SOCK_REMOTE) || !ports_have(r->remote_ports, s->remote_port))
        return RULE_NONE;
    memcpy(ip.bytes, s->remote, sizeof ip.bytes);
    return earlier(r->any_remote[s->remote_port] - 1, find_network(r, &ip, s->remote_port, 128));
}
