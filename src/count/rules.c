#include "count/rules.h"

#include <errno.h>
#include <string.h>

#include "base/format.h"
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

static bool parse_number(const char *text, size_t len, int64_t min, int64_t max, int64_t *value)
{
    char digits[8];

    if (!len || len >= sizeof digits)
        return false;
    memcpy(digits, text, len);
    digits[len] = '\0';
    return value_count(digits, value) && *value >= min && *value <= max;
}

static bool parse_port(const char *text, size_t len, uint16_t *port)
{
    int64_t value;

    if (!parse_number(text, len, 1, 65535, &value))
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

/* Parses the port at the end of "1.1.1.1:80". Returns the bytes before its colon, or 0 without a port. */
static size_t parse_last_port(const char *text, size_t len, struct rule *rule)
{
    size_t colon = len;

    while (colon && text[colon - 1] != ':')
        colon--;
    if (colon < 2 || !parse_port(text + colon, len - colon, &rule->low))
        return 0;
    rule->high = rule->low;
    return colon - 1;
}

/* Parses "1.1.1.1" or "[::1]", and "::1" (*bare) if bare_v6. */
static bool parse_ip(const char *text, size_t len, bool bare_v6, struct ip *ip, bool *bare)
{
    if (len > 2 && text[0] == '[' && text[len - 1] == ']')
        return memchr(text, ':', len) && ip_parse(text + 1, len - 2, ip);
    if (!ip_parse(text, len, ip))
        return false;
    *bare = memchr(text, ':', len) != NULL;
    return !*bare || bare_v6;
}

/* Parses "1.1.1.1:80" or "[::1]:80", and "::1:80" (*bare) if bare_v6. */
static bool parse_address(const char *text, size_t len, bool bare_v6, struct rule *rule, bool *bare)
{
    rule->kind = RULE_ADDRESS;
    len = parse_last_port(text, len, rule);
    return len && parse_ip(text, len, bare_v6, &rule->ip, bare);
}

/* Parses what follows ">": "443", "8000-8100", "10.1.2.3:5432", "10.0.0.0/8:5432", "[2001:db8::]/32:443". *masked: the
 * address had bits after its prefix. A v4-mapped address has 96 bits before those of IPv4. */
static bool parse_remote(const char *text, size_t len, struct rule *rule, bool *masked)
{
    const char *slash;
    struct ip whole;
    int64_t prefix = 128;
    bool bare = false;

    rule->kind = RULE_REMOTE;
    if (parse_ports(text, len, rule))
        return true;
    len = parse_last_port(text, len, rule);
    slash = memchr(text, '/', len);
    if (slash && !parse_number(slash + 1, len - (size_t)(slash + 1 - text), 0, 128, &prefix))
        return false;
    if (!parse_ip(text, slash ? (size_t)(slash - text) : len, false, &rule->ip, &bare))
        return false;
    if (rule->ip.version == 4 && (!slash || *text == '['))
        prefix -= 96;
    if (prefix < 0 || prefix > (rule->ip.version == 4 ? 32 : 128))
        return false;
    whole = rule->ip;
    rule->prefix = (uint8_t)prefix;
    ip_mask(&rule->ip, rule->prefix);
    *masked = memcmp(whole.bytes, rule->ip.bytes, sizeof whole.bytes) != 0;
    return true;
}

static const char *canonical_remote(const struct rule *rule, struct arena *a)
{
    char ip[IP_TEXT_MAX], prefix[8] = "";

    if (!rule->ip.version)
        return arena_format(a, rule->low == rule->high ? ">%u" : ">%u-%u", rule->low, rule->high);
    ip_format(&rule->ip, ip);
    if (rule->prefix < (rule->ip.version == 4 ? 32 : 128))
        text_format(prefix, sizeof prefix, "/%u", rule->prefix);
    return arena_format(a, rule->ip.version == 4 ? ">%s%s:%u" : ">[%s]%s:%u", ip, prefix, rule->low);
}

static const char *canonical(const struct rule *rule, struct arena *a)
{
    char addr_port[ADDR_PORT_MAX];

    switch (rule->kind) {
    case RULE_LISTEN: return "listen";
    case RULE_REMOTE: return canonical_remote(rule, a);
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
                   "*:8000-8100, listen, for remote ports >443, >8000-8100, >10.0.0.0/8:443, >[::1]:443, with ports "
                   "from 1 to 65535",
                   shown, text);
}

/* --- rule by rule ---------------------------------------------------------- */

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
    bool good, changed = false;
    const char *useless;

    rules_make_room(r, false, a);
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
    } else if (len && *text == '>') {
        good = parse_remote(text + 1, len - 1, &rule, &changed);
        if (good)
            rules_make_room(r, true, a);
    } else {
        good = parse_ports(text, len, &rule) || parse_address(text, len, bare_v6, &rule, &changed);
    }
    if (!good) {
        if (++r->bad <= RULES_NAMED)
            refuse(d, variable, text, len, match_only);
        return 0; /* so that the other bad rules are reported, too */
    }
    rule.text = canonical(&rule, a);
    if (changed)
        diag_warn(d, variable, "rule \"%.*s\" is read as %s", (int)len, text, rule.text);
    r->rule[r->n] = rule;
    useless = rules_enter(r, r->n);
    if (!useless) {
        r->n++;
        r->local |= rule.kind != RULE_REMOTE;
    } else if (++r->useless <= RULES_NAMED)
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
