/* Reads port rules, as a list or as JSON. The first byte decides whether "::1:80" is accepted. An accepted list,
 * written canonically, must be accepted again as the same list and without a warning. */
#include <string.h>

#include "count/rules.h"
#include "fuzz/count/first_rule.h"
#include "fuzz/fuzz.h"

static void read_again(const struct rules *r)
{
    char *list = malloc((size_t)r->n * (ADDR_PORT_MAX + 1) + 1), *at = list;
    struct arena a = {0};
    struct rules again;
    unsigned warnings;
    struct diag d = quiet_diag(&warnings);

    for (int i = 0; i < r->n; i++) {
        MUST(r->rule[i].group < r->n_groups && strlen(r->rule[i].text) < ADDR_PORT_MAX);
        at += sprintf(at, "%s,", r->rule[i].text);
    }
    MUST(!rules_parse(list, false, "FUZZ", &a, &d, &again) && !d.errors && !warnings);
    MUST(again.n == r->n && again.listen == r->listen);
    for (int i = 0; i < r->n; i++)
        MUST(!strcmp(again.rule[i].text, r->rule[i].text));
    free(list);
    arena_free(&a);
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
        read_again(&r);
        must_find_first_rules(&r);
    }
    free(text);
    arena_free(&a);
    return 0;
}
