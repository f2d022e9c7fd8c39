/* The rule of a socket: first some cases that a reader can check by hand, then random rules and sockets against the
 * plainest search. */
#include <stdio.h>
#include <string.h>

#include "count/rules.h"
#include "unit/helper.h"

static struct port_set listening;

static void listen_on(uint16_t port)
{
    ports_add(&listening, port);
}

static bool listens_on(uint16_t port)
{
    return ports_have(&listening, port);
}

static const char *found(const struct rules *r, const char *address, uint16_t port)
{
    const struct sock s = sock_of(PROTOCOL_TCP, address, port, STATE_ESTABLISHED, 0);
    int rule = rules_find(r, &s, &listening);

    return rule == RULE_NONE ? "none" : r->rule[rule].text;
}

static void the_first_rule_that_matches_takes_the_socket(void **state)
{
    static const struct {
        const char *rules, *address;
        uint16_t port;
        const char *rule; /* 8080 and 9000 listen */
    } row[] = {
        {"80", "10.0.0.1", 80, "80"},
        {"80", "::1", 80, "80"},
        {"80", "10.0.0.1", 81, "none"},
        {"80-90,85-95", "10.0.0.1", 85, "80-90"},
        {"80-90,85-95", "10.0.0.1", 91, "85-95"},
        {"80-90", "10.0.0.1", 79, "none"},
        {"1-65535", "10.0.0.1", 65535, "1-65535"},
        {"10.0.0.1:80,80", "10.0.0.1", 80, "10.0.0.1:80"},
        {"10.0.0.1:80,80", "10.0.0.2", 80, "80"},
        {"10.0.0.1:80", "::1", 80, "none"},
        {"[::ffff:10.0.0.1]:80", "10.0.0.1", 80, "10.0.0.1:80"},
        {"0.0.0.0:80", "0.0.0.0", 80, "0.0.0.0:80"},
        {"0.0.0.0:80", "10.0.0.1", 80, "none"}, /* bound to the wildcard, which is not "any address" */
        {"10.0.0.1:80", "0.0.0.0", 80, "none"}, /* nor the other way round */
        {"0.0.0.0:80", "::", 80, "none"},
        {"[::]:80", "::", 80, "[::]:80"},
        {"[a00:1::]:80", "10.0.0.1", 80, "none"}, /* the first bytes are equal */
        {"*:80", "10.0.0.1", 80, "*:80"},
        {"*:80-90,10.0.0.1:95", "10.0.0.1", 95, "10.0.0.1:95"},
        {"listen", "10.0.0.1", 8080, "listen"},
        {"listen", "10.0.0.1", 8081, "none"},
        {"listen,*:8080", "10.0.0.1", 8080, "listen"},
        {"listen,8000-9000", "10.0.0.1", 8080, "listen"},
        {"listen,8000-9000", "10.0.0.1", 8081, "8000-9000"},
        {"8080,listen", "10.0.0.1", 8080, "8080"},
        {"8080,listen", "10.0.0.1", 9000, "listen"},
        {"10.0.0.1:8080,listen", "10.0.0.2", 8080, "listen"},
        {"listen,10.0.0.1:8080", "10.0.0.1", 8080, "listen"},
        {"listen,10.0.0.1:8081", "10.0.0.1", 8081, "10.0.0.1:8081"},
        /* "8080" after "listen" names the series; listen makes no second one */
        {"listen,8080", "10.0.0.1", 8080, "8080"},
        {"listen,10.0.0.1:8080,8080", "10.0.0.2", 8080, "8080"},
        {"listen,10.0.0.1:8080,8080", "10.0.0.1", 8080, "10.0.0.1:8080"},
    };

    (void)state;
    memset(&listening, 0, sizeof listening);
    listen_on(8080);
    listen_on(9000);
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct arena a = {0};
        struct rules r;
        char name[128];

        rules_of(&r, row[i].rules, &a);
        snprintf(name, sizeof name, "%s: %s port %u is found in %s", row[i].rules, row[i].address, row[i].port,
                 found(&r, row[i].address, row[i].port));
        assert_row(!strcmp(found(&r, row[i].address, row[i].port), row[i].rule), name);
        arena_free(&a);
    }
}

static void a_row_without_address_matches_ports_only(void **state)
{
    struct sock s = {.protocol = PROTOCOL_UDP, .ip_version = 4, .local_port = 53, .known = SOCK_PORT};
    struct arena a = {0};
    struct rules r;

    (void)state;
    rules_of(&r, "0.0.0.0:53,53", &a);
    assert_int_equal(rules_find(&r, &s, &listening), 1);
    assert_true(r.local);
    arena_free(&a);
    rules_of(&r, ">53", &a);
    assert_false(r.local);
    arena_free(&a);
}

static void the_remote_side_has_rules_of_its_own(void **state)
{
    static const struct {
        const char *rules, *remote;
        uint16_t port;
        const char *rule;
    } row[] = {
        {">443", "10.0.0.1", 443, ">443"},
        {">443", "::1", 443, ">443"},
        {">443", "10.0.0.1", 444, "none"},
        {"443,1-65535", "10.0.0.1", 443, "none"}, /* local ports */
        {">440-450,>445", "10.0.0.1", 450, ">440-450"},
        {">10.0.0.0/8:443,>443", "10.255.255.255", 443, ">10.0.0.0/8:443"},
        {">10.0.0.0/8:443,>443", "11.0.0.0", 443, ">443"},
        {">10.0.0.0/8:443,>443", "a00::", 443, ">443"}, /* the first bytes are equal */
        {">10.0.0.0/8:443", "10.0.0.1", 444, "none"},
        {">10.1.2.3:443,>10.1.0.0/16:443,>10.0.0.0/8:443", "10.1.2.3", 443, ">10.1.2.3:443"},
        {">10.1.2.3:443,>10.1.0.0/16:443,>10.0.0.0/8:443", "10.1.2.4", 443, ">10.1.0.0/16:443"},
        {">10.1.2.3:443,>10.1.0.0/16:443,>10.0.0.0/8:443", "10.2.2.3", 443, ">10.0.0.0/8:443"},
        {">10.0.0.0/15:443,>10.1.0.0/14:443", "10.1.0.1", 443, ">10.0.0.0/15:443"},
        {">0.0.0.0/0:443,>443", "255.0.0.1", 443, ">0.0.0.0/0:443"},
        {">0.0.0.0/0:443,>443", "::1", 443, ">443"},
        {">[2001:db8::]/32:443", "2001:db8:ffff::1", 443, ">[2001:db8::]/32:443"},
        {">[2001:db8::]/32:443", "2001:db9::", 443, "none"},
        {">[2001:db8::]/33:443", "2001:db8:8000::", 443, "none"},
        {">[::1]:443,>[::]/0:443", "::1", 443, ">[::1]:443"},
        {">[::1]:443,>[::]/0:443", "::2", 443, ">[::]/0:443"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct sock s = sock_of(PROTOCOL_TCP, strchr(row[i].remote, ':') ? "::2" : "10.0.0.2", 443, STATE_ESTABLISHED,
                                0);
        struct arena a = {0};
        struct rules r;
        int rule;

        rules_of(&r, row[i].rules, &a);
        s.remote_port = row[i].port;
        assert_int_equal(rules_find_remote(&r, &s), RULE_NONE); /* its remote side is not known */
        connect_to(&s, row[i].remote, row[i].port);
        rule = rules_find_remote(&r, &s);
        assert_row(!strcmp(rule == RULE_NONE ? "none" : r.rule[rule].text, row[i].rule), row[i].rules);
        arena_free(&a);
    }
}

/* --- any rules, any sockets ------------------------------------------------------- */

/* Returns whether a rule names exactly this port, which makes this port's series. */
static bool has_series_of_port(const struct rules *r, uint16_t port)
{
    for (int i = 0; i < r->n; i++)
        if (r->rule[i].kind == RULE_PORTS && r->rule[i].low == port && r->rule[i].high == port)
            return true;
    return false;
}

static bool matches(const struct rules *r, const struct rule *rule, const struct sock *s)
{
    switch (rule->kind) {
    case RULE_REMOTE: return false;
    case RULE_LISTEN: return listens_on(s->local_port) && !has_series_of_port(r, s->local_port);
    case RULE_ADDRESS:
        return s->local_port == rule->low && s->ip_version == rule->ip.version && !memcmp(s->local, rule->ip.bytes, 16);
    default: return s->local_port >= rule->low && s->local_port <= rule->high;
    }
}

static int find_plainly(const struct rules *r, const struct sock *s)
{
    for (int i = 0; i < r->n; i++)
        if (matches(r, &r->rule[i], s))
            return i;
    return RULE_NONE;
}

/* Compares bit by bit. */
static bool in_network(const struct rule *rule, const struct sock *s)
{
    if (rule->ip.version && rule->ip.version != s->ip_version)
        return false;
    for (unsigned i = 0; rule->ip.version && i < rule->prefix; i++)
        if ((rule->ip.bytes[i / 8] ^ s->remote[i / 8]) >> (7 - i % 8) & 1)
            return false;
    return true;
}

static int find_remote_plainly(const struct rules *r, const struct sock *s)
{
    for (int i = 0; i < r->n; i++)
        if (r->rule[i].kind == RULE_REMOTE && s->remote_port >= r->rule[i].low && s->remote_port <= r->rule[i].high &&
            in_network(&r->rule[i], s))
            return i;
    return RULE_NONE;
}

static const char *const address[] = {"10.0.0.1", "10.0.0.2", "0.0.0.0", "::", "::1", "2001:db8::1", "a00:1::"};

/* Returns one of these addresses, of this IP version, in which perhaps a bit differs. */
static const char *any_near(uint8_t version)
{
    static char text[IP_TEXT_MAX];
    struct ip ip = {0};

    while (ip.version != version) {
        const char *at = address[any(COUNT_OF(address))];

        assert_true(ip_parse(at, strlen(at), &ip));
    }
    if (any(2)) {
        unsigned bit = any(version == 6 ? 128 : 32);

        ip.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
    }
    ip_format(&ip, text);
    return text;
}

/* Makes a random rule. Few ports and addresses make rules overlap. */
static void any_rule(char *out, size_t cap, unsigned ports)
{
    unsigned port = 1 + any(ports), last = port + any(5);
    const char *at = address[any(COUNT_OF(address))];

    if (!any(3)) {
        bool v6 = strchr(at, ':');

        if (any(3))
            snprintf(out, cap, v6 ? ">[%s]/%u:%u" : ">%s/%u:%u", at, any(v6 ? 129 : 33), port);
        else
            snprintf(out, cap, ">%u-%u", port, last);
        return;
    }
    switch (any(7)) {
    case 0: snprintf(out, cap, "%u", port); break;
    case 1: snprintf(out, cap, "%u-%u", port, last); break;
    case 2: snprintf(out, cap, "*:%u", port); break;
    case 3: snprintf(out, cap, "*:%u-%u", port, last); break;
    case 4: snprintf(out, cap, "%s", any(4) ? "65535" : "listen"); break;
    default: snprintf(out, cap, strchr(at, ':') ? "[%s]:%u" : "%s:%u", at, port); break;
    }
}

static void any_socket_is_found_in_the_rule_that_a_plain_search_finds(void **state)
{
    (void)state;
    any_seed(4);
    for (int turn = 0; turn < 400; turn++) {
        unsigned ports = turn % 2 ? 12 : 60, n = 1 + any(turn % 4 ? 12 : 80);
        struct arena a = {0};
        struct rules r;
        struct logged logged;
        char list[4096] = "";

        for (unsigned i = 0; i < n; i++) {
            size_t at = strlen(list);

            if (i)
                list[at++] = ',';
            any_rule(list + at, sizeof list - at, ports);
        }
        logged_init(&logged);
        assert_row(!rules_parse(list, false, "RULES", &a, &logged.diag, &r), list);
        memset(&listening, 0, sizeof listening);
        for (unsigned i = 0; i < ports / 2; i++)
            listen_on((uint16_t)(1 + any(ports)));
        for (int i = 0; i < 300; i++) {
            uint16_t port = (uint16_t)(any(50) ? 1 + any(ports + 6) : 65535);
            struct sock s = sock_of(PROTOCOL_TCP, address[any(COUNT_OF(address))], port, STATE_ESTABLISHED, 0);

            connect_to(&s, any_near(s.ip_version), (uint16_t)(1 + any(ports + 6)));
            assert_row(rules_find(&r, &s, &listening) == find_plainly(&r, &s), list);
            assert_row(rules_find_remote(&r, &s) == find_remote_plainly(&r, &s), list);
        }
        arena_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_matches_takes_the_socket),
        cmocka_unit_test(a_row_without_address_matches_ports_only),
        cmocka_unit_test(the_remote_side_has_rules_of_its_own),
        cmocka_unit_test(any_socket_is_found_in_the_rule_that_a_plain_search_finds),
    };

    return cmocka_run_group_tests_name("rules_find", tests, NULL, NULL);
}
