#include "fuzz/count/first_rule.h"

#include <string.h>

#include "fuzz/fuzz.h"

#define RULES_TRIED 50

/* Returns the first rule that matches the local or the remote side of a socket, while no port listens; or RULE_NONE. */
static int first_rule(const struct rules *r, const struct sock *s, bool remote)
{
    uint16_t port = remote ? s->remote_port : s->local_port;

    for (int i = 0; i < r->n; i++) {
        const struct rule *rule = &r->rule[i];
        struct ip ip = {.version = s->ip_version};

        memcpy(ip.bytes, remote ? s->remote : s->local, sizeof ip.bytes);
        if (rule->kind == RULE_REMOTE)
            ip_mask(&ip, rule->prefix);
        if (rule->kind != RULE_LISTEN && (rule->kind == RULE_REMOTE) == remote && port >= rule->low &&
            port <= rule->high && (!rule->ip.version || !memcmp(&rule->ip, &ip, sizeof ip)))
            return i;
    }
    return RULE_NONE;
}

void must_find_first_rules(const struct rules *r)
{
    static struct port_set listening;

    for (int i = 0; i < r->n && i < RULES_TRIED; i++) {
        const struct rule *rule = &r->rule[i];
        struct sock s = {.ip_version = rule->ip.version == 6 ? 6 : 4, .known = SOCK_ADDRESS | SOCK_PORT};
        int found;

        if (rule->kind == RULE_LISTEN)
            continue;
        s.local_port = s.remote_port = rule->low;
        memcpy(s.local, rule->ip.bytes, sizeof s.local);
        memcpy(s.remote, rule->ip.bytes, sizeof s.remote);
        MUST(rules_find_remote(r, &s) == RULE_NONE);
        s.known |= SOCK_REMOTE;
        found = rule->kind == RULE_REMOTE ? rules_find_remote(r, &s) : rules_find(r, &s, &listening);
        MUST(found >= 0 && found == first_rule(r, &s, rule->kind == RULE_REMOTE));
    }
}
