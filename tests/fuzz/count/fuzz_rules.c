/* Reads port rules, as a list or as JSON. The first byte decides whether "::1:80" is accepted. An accepted list,
 * written canonically, must be accepted again as the same list and without a warning. */
#include <string.h>

#include "count/rules.h"
#include "fuzz/fuzz.h"

static char *canonical_list(const struct rules *r)
{
    char *list = malloc((size_t)r->n * (ADDR_PORT_MAX + 1) + 1), *at = list;

    for (int i = 0; i < r->n; i++)
        at += sprintf(at, "%s,", r->rule[i].text);
    *at = '\0';
    return list;
}

static void check(const struct rules *r)
{
    struct arena a = {0};
    char *list = canonical_list(r);
    struct rules again;
    unsigned warnings;
    struct diag d = quiet_diag(&warnings);

    MUST(!rules_parse(list, false, "FUZZ", &a, &d, &again));
    MUST(!d.errors && !warnings);
    MUST(again.n == r->n && again.listen == r->listen);
    for (int i = 0; i < r->n; i++) {
        MUST(!strcmp(again.rule[i].text, r->rule[i].text));
        MUST(r->rule[i].group < r->n_groups);
        MUST(strlen(r->rule[i].text) < ADDR_PORT_MAX);
    }
    free(list);
    arena_free(&a);
}

/* Checks that the index agrees with a plain search for the first rule that matches a socket. */
static void find(const struct rules *r)
{
    static struct port_set listening;

    for (int i = 0; i < r->n && i < 50; i++) {
        struct sock s = {.ip_version = 4, .local_port = r->rule[i].low, .known = SOCK_ADDRESS | SOCK_PORT};
        int found;

        if (r->rule[i].kind == RULE_LISTEN)
            continue;
        if (r->rule[i].ip.version) {
            s.ip_version = r->rule[i].ip.version;
            memcpy(s.local, r->rule[i].ip.bytes, sizeof s.local);
        }
        memcpy(s.remote, s.local, sizeof s.remote);
        s.remote_port = s.local_port;
        MUST(rules_find_remote(r, &s) == RULE_NONE);
        s.known |= SOCK_REMOTE;
        found = r->rule[i].kind == RULE_REMOTE ? rules_find_remote(r, &s) : rules_find(r, &s, &listening);
        MUST(found >= 0 && found <= i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct rules r;
    unsigned warnings;
    struct diag d = quiet_diag(&warnings);
    char *text = text_of(data, size);
    int ret = rules_parse(size ? text + 1 : text, size && data[0] & 1, "FUZZ", &a, &d, &r);

    MUST((ret != 0) == (d.errors != 0));
    MUST(!ret || !r.n);
    if (r.n) {
        check(&r);
        find(&r);
    }
    free(text);
    arena_free(&a);
    return 0;
}
