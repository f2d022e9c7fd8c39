#include "count/rules.h"

#include <errno.h>
#include <string.h>

#include "base/format.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/value.h"

#define RULES_NAMED 10 /* bad rules, and useless ones, that are reported one by one */

bool rule_discovers(const struct rule *rule)
{
    return rule->kind == RULE_MATCH || rule->kind == RULE_LISTEN;
}

void addr_port_format(const struct ip *ip, uint16_t port, char out[ADDR_PORT_MAX])
{
    char text[IP_TEXT_MAX];

    ip_format(ip, text);
    text_format(out, ADDR_PORT_MAX, ip->version == 6 ? "[%s]:%u" : "%s:%u", text, port);
}

/* --- one rule's text ------------------------------------------------------- */

static bool parse_port(const char *text, size_t len, uint16_t *port)
{
    char digits[8];
    int64_t value;

    if (!len || len >= sizeof digits)
        return false;
    memcpy(digits, text, len);
    digits[len] = '\0';
    if (!value_count(digits, &value) || value < 1 || value > 65535)
        return false;
    *port = (uint16_t)value;
    return true;
}

/* Parses "80" or "8000-8100" into rule->low and high. */
static bool parse_ports(const char *text, size_t len, struct rule *rule)
{
    const char *dash = memchr(text, '-', len);
    size_t low_len = dash ? (size_t)(dash - text) : len;

    if (!parse_port(text, low_len, &rule->low))
        return false;
    rule->high = rule->low;
    return !dash || (parse_port(dash + 1, len - low_len - 1, &rule->high) && rule->high >= rule->low);
}

/* Parses "1.1.1.1:80" or "[::1]:80", and "::1:80" (*bare) if bare_v6. */
static bool parse_address(const char *text, size_t len, bool bare_v6, struct rule *rule, bool *bare)
{
    size_t colon = len;

    while (colon && text[colon - 1] != ':')
        colon--;
    if (colon < 2 || !parse_port(text + colon, len - colon, &rule->low))
        return false;
    rule->kind = RULE_ADDRESS;
    rule->high = rule->low;
    len = colon - 1;
    if (len > 2 && text[0] == '[' && text[len - 1] == ']')
        return memchr(text, ':', len) && ip_parse(text + 1, len - 2, &rule->ip);
    if (!ip_parse(text, len, &rule->ip))
        return false;
    *bare = memchr(text, ':', len) != NULL;
    return !*bare || bare_v6;
}

static const char *canonical(const struct rule *rule, struct arena *a)
{
    char addr_port[ADDR_PORT_MAX];

    switch (rule->kind) {
    case RULE_LISTEN: return "listen";
    case RULE_ADDRESS: addr_port_format(&rule->ip, rule->low, addr_port); return arena_format(a, "%s", addr_port);
    default:
        return arena_format(a, rule->low == rule->high ? "%s%u" : "%s%u-%u", rule->kind == RULE_MATCH ? "*:" : "",
                            rule->low, rule->high);
    }
}

static void refuse(struct diag *d, const char *variable, const char *text, size_t len, bool match_only)
{
    int shown = len > 60 ? 60 : (int)len;

    if (memchr(text, '%', len))
        diag_error(d, variable, "rule \"%.*s\": a zone id (%%) is not accepted", shown, text);
    else if (match_only)
        diag_error(d, variable, "ports_match \"%.*s\": accepted are *:80 and *:8000-8100", shown, text);
    else
        diag_error(d, variable,
                   "rule \"%.*s\": accepted are 80, 8000-8100, 1.1.1.1:80, [::1]:80, *:80, "
                   "*:8000-8100, listen, with ports from 1 to 65535",
                   shown, text);
}

/* --- building the index, rule by rule -------------------------------------- */

static uint32_t hash_address(uint8_t version, const uint8_t bytes[16], uint16_t port)
{
    uint32_t words[5] = {(uint32_t)version << 16 | port};

    memcpy(words + 1, bytes, 16);
    return hash_words(words, 5);
}

/* Returns the rule's place in the hash, or a free one. */
static uint16_t *find_address(const struct rules *r, uint8_t version, const uint8_t bytes[16], uint16_t port)
{
    uint32_t at = hash_address(version, bytes, port) & r->address_mask;

    for (;; at = (at + 1) & r->address_mask) {
        const struct rule *rule = r->address[at] ? &r->rule[r->address[at] - 1] : NULL;

        if (!rule || (rule->low == port && rule->ip.version == version && !memcmp(rule->ip.bytes, bytes, 16)))
            return &r->address[at];
    }
}

/* Adds rule n to the index. Returns NULL, or why the rule is useless: rules before it match
 * all of its sockets. */
static const char *enter(struct rules *r, int n)
{
    const struct rule *rule = &r->rule[n];
    uint16_t number = (uint16_t)(n + 1), *slot;
    bool taken = true;

    switch (rule->kind) {
    case RULE_LISTEN:
        if (r->listen != RULE_NONE)
            return "repeats an earlier one and is ignored";
        for (unsigned port = 1; port <= 65535; port++)
            taken = taken && r->any[port];
        if (!taken)
            r->listen = n;
        break;
    case RULE_ADDRESS:
        if (r->any[rule->low])
            return "can never match: an earlier rule takes its port on any address";
        slot = find_address(r, rule->ip.version, rule->ip.bytes, rule->low);
        if (*slot)
            return "repeats an earlier one and is ignored";
        *slot = number;
        r->addresses = true;
        ports_add(r->ports, rule->low);
        return NULL;
    default:
        for (unsigned port = rule->low; port <= rule->high; port++)
            if (!r->any[port]) {
                r->any[port] = number;
                ports_add(r->ports, (uint16_t)port);
                taken = false;
            }
    }
    return taken ? "can never match: earlier rules take its ports" : NULL;
}

static void make_room(struct rules *r, struct arena *a)
{
    if (r->rule)
        return;
    r->rule = arena_zero(a, RULES_MAX, sizeof *r->rule);
    r->ports = arena_zero(a, 1, sizeof *r->ports);
    r->any = arena_zero(a, 65536, sizeof *r->any);
    r->address_mask = 32767; /* at most a third full */
    r->address = arena_zero(a, r->address_mask + 1, sizeof *r->address);
}

int rules_add_group(struct rules *r, const struct tags *tags, struct arena *a)
{
    if (!r->group_tags)
        r->group_tags = arena_zero(a, RULES_MAX + 1, sizeof *r->group_tags);
    if (r->n_groups > RULES_MAX)
        return -EINVAL;
    r->group_tags[r->n_groups++] = *tags;
    return 0;
}

int rules_add(struct rules *r, const char *text, size_t len, bool match_only, bool bare_v6, const char *variable,
              struct arena *a, struct diag *d)
{
    struct rule rule = {.kind = RULE_PORTS, .group = (uint16_t)(r->n_groups - 1)};
    bool good, bare = false;
    const char *useless;

    make_room(r, a);
    if (r->n == RULES_MAX) {
        diag_error(d, variable, "more than %d rules", RULES_MAX);
        return -EINVAL;
    }
    if (len > 2 && text[0] == '*' && text[1] == ':') {
        rule.kind = RULE_MATCH;
        good = parse_ports(text + 2, len - 2, &rule);
    } else if (match_only) {
        good = false;
    } else if (len == 6 && !memcmp(text, "listen", 6)) {
        rule.kind = RULE_LISTEN;
        good = true;
    } else {
        good = parse_ports(text, len, &rule) || parse_address(text, len, bare_v6, &rule, &bare);
    }
    if (!good) {
        if (++r->bad <= RULES_NAMED)
            refuse(d, variable, text, len, match_only);
        return 0; /* so that the other bad rules are reported, too */
    }
    rule.text = canonical(&rule, a);
    if (bare)
        diag_warn(d, variable, "rule \"%.*s\" is read as %s", (int)len, text, rule.text);
    r->rule[r->n] = rule;
    useless = enter(r, r->n);
    if (!useless)
        r->n++;
    else if (++r->useless <= RULES_NAMED)
        diag_warn(d, variable, "rule \"%s\" %s%s", rule.text, useless,
                  r->useless == RULES_NAMED ? "; more are not logged" : "");
    return 0;
}

/* --- the plain list -------------------------------------------------------- */

static int parse_list(const char *text, bool bare_v6, const char *variable, struct arena *a, struct diag *d,
                      struct rules *r)
{
    rules_add_group(r, &(struct tags){0}, a);
    while (*text) { /* the list may end in a comma */
        const char *rule = text;
        size_t len = text_until(text, ",");

        text += len + (text[len] != '\0');
        text_trim(&rule, &len);
        if (rules_add(r, rule, len, false, bare_v6, variable, a, d))
            return -EINVAL;
    }
    return 0;
}

/* Returns true for "{", or "[" that is followed, after blanks, by one of " { ]. "[::1]:80" begins a plain list. */
static bool is_json(const char *text)
{
    if (*text++ != '[')
        return *--text == '{';
    while (text_is_blank(*text))
        text++;
    return *text == '"' || *text == '{' || *text == ']';
}

int rules_parse(const char *text, bool bare_v6, const char *variable, struct arena *a, struct diag *d,
                struct rules *out)
{
    int ret;

    memset(out, 0, sizeof *out);
    out->listen = RULE_NONE;
    while (text_is_blank(*text))
        text++;
    ret = (is_json(text) ? rules_parse_json : parse_list)(text, bare_v6, variable, a, d, out);
    if (out->bad > RULES_NAMED)
        diag_error(d, variable, "%d rules are bad; the first %d are named", out->bad, RULES_NAMED);
    if (out->bad)
        ret = -EINVAL;
    if (ret) {
        memset(out, 0, sizeof *out);
        out->listen = RULE_NONE;
    }
    return ret;
}

/* --- finding --------------------------------------------------------------- */

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
            int exact = *find_address(r, s->ip_version, s->local, port) - 1;

            if (exact != RULE_NONE && (best == RULE_NONE || exact < best))
                best = exact;
        }
    }
    if (r->listen == RULE_NONE || (best != RULE_NONE && best < r->listen) || !ports_have(listening, port))
        return best;
    return names_port(r, any) ? best : r->listen;
}
