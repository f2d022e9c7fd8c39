/* Answers are written byte by byte, so that the reader and a writer cannot share a mistake. */
#include <stdio.h>
#include <string.h>

#include "base/dns.h"
#include "unit/helper.h"

#define HEADER 12

static void a_query_is_a_header_and_one_question(void **state)
{
    static const uint8_t expected[] = {
        0xab, 0xcd, 1,   0,   0,   1,   0, 0,   0,   0,   0, 0, /* id, RD, one question */
        5,    'A',  'g', 'e', 'n', 't', 3, 'x', '-', '1', 0, 0, 28, 0, 1};
    uint8_t out[DNS_QUERY_MAX];

    (void)state;
    assert_int_equal(dns_query(out, 0xabcd, "Agent.x-1", DNS_AAAA), sizeof expected);
    assert_memory_equal(out, expected, sizeof expected);
    assert_int_equal(dns_query(out, 0xabcd, "Agent.x-1.", DNS_AAAA), sizeof expected);
}

/* Returns n bytes in labels of up to label bytes, then `after`. */
static const char *long_name(size_t n, size_t label, const char *after)
{
    static char name[600];

    for (size_t i = 0; i < n; i++)
        name[i] = i % (label + 1) == label ? '.' : 'x';
    strcpy(name + n, after);
    return name;
}

static void names_have_limits(void **state)
{
    static const char *const none[] = {"", ".", "..", ".a", "a..", "a..b", "a.b..", "..a"};
    /* clang-format off */
    static const struct { size_t n, label; const char *after; size_t query_len; } row[] = {
        {63, 63, ".a", HEADER + 64 + 2 + 1 + 4}, {64, 64, "", 0}, {64, 64, ".a", 0}, {253, 63, "", DNS_QUERY_MAX},
        {253, 1, ".", DNS_QUERY_MAX}, {254, 63, "", 0}, {500, 63, "", 0}};
    /* clang-format on */
    uint8_t *out = malloc(DNS_QUERY_MAX); /* the sanitizer watches its end */

    (void)state;
    for (size_t i = 0; i < COUNT_OF(none); i++)
        assert_row(!dns_query(out, 1, none[i], DNS_A), none[i]);
    for (size_t i = 0; i < COUNT_OF(row); i++)
        assert_int_equal(dns_query(out, 1, long_name(row[i].n, row[i].label, row[i].after), DNS_A), row[i].query_len);
    free(out);
}

struct message {
    uint8_t query[DNS_QUERY_MAX], bytes[1024];
    size_t query_len, len;
};

/* Makes an answer of count records, whose bytes follow the question. */
static void answer(struct message *m, enum dns_type type, uint8_t count, const char *records, size_t len)
{
    memset(m, 0, sizeof *m);
    m->query_len = dns_query(m->query, 0x1234, "agent.Example", type);
    memcpy(m->bytes, m->query, m->query_len);
    m->bytes[2] |= 0x80; /* QR */
    m->bytes[7] = count;
    memcpy(m->bytes + m->query_len, records, len);
    m->len = m->query_len + len;
}

/* Returns the addresses found in the first len bytes of the answer, which end at a page that cannot be read. */
static const char *reads_part(const struct message *m, size_t len, int max)
{
    static const char *const words[] = {"no address", "no name", "failed", "truncated", "not ours"};
    static char text[512];
    struct ip *ip = memset(malloc((size_t)max * sizeof *ip), 0xff, (size_t)max * sizeof *ip);
    int n = dns_answer((const uint8_t *)flush_copy(m->bytes, len), len, m->query, m->query_len, ip, max);
    size_t at = 0;

    assert_true(n && n >= -5 && n <= max);
    for (int i = 0; i < n; i++) {
        for (int rest = ip[i].version == 4 ? 4 : 16; rest < 16; rest++)
            assert_int_equal(ip[i].bytes[rest], 0);
        text[at++] = ' ';
        at += ip_format(&ip[i], text + at);
    }
    free(ip);
    return n < 0 ? words[-1 - n] : text + 1;
}

#define SELF           "\xc0\x0c" /* a pointer to the question's name */
#define TTL            "\0\0\0\x3c"
#define A              "\0\1\0\1" TTL "\0\4\x0a\0\0"                                 /* … 10.0.0.x: one more byte */
#define AAAA           "\0\x1c\0\1" TTL "\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0" /* … 2001:db8::x */
#define CNAME          "\0\5\0\1" TTL
#define BYTES(literal) literal, sizeof literal - 1

static void records_are_read(void **state)
{
    static const struct {
        const char *what;
        enum dns_type type;
        uint8_t count;
        const char *bytes;
        size_t len;
        const char *expected;
    } row[] = {
        {"AAAA", DNS_AAAA, 1, BYTES(SELF AAAA "\1"), "2001:db8::1"},
        {"name written out", DNS_A, 1, BYTES("\5AGENT\7example\0" A "\1"), "10.0.0.1"},
        {"more", DNS_A, 4, BYTES(SELF A "\1" SELF A "\2" SELF A "\3" SELF A "\4"), "10.0.0.1 10.0.0.2 10.0.0.3"},
        {"NODATA", DNS_A, 0, BYTES(""), "no address"},
        {"chain", DNS_A, 3,
         BYTES(SELF CNAME "\0\7\5other\0"
                          "\5other\0" CNAME "\0\4\1c\xc0\x12"
                          "\1c\xc0\x12" A "\1"),
         "10.0.0.1"},
        {"pointers to itself and past the end", DNS_A, 2, BYTES("\xc0\x1f" A "\1\xff\xff" A "\2"), "10.0.0.1 10.0.0.2"},
        {"mapped", DNS_AAAA, 1, BYTES(SELF "\0\x1c\0\1" TTL "\0\x10\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1"),
         "::ffff:a00:1"},
        {"type, class 257", DNS_A, 2, BYTES(SELF "\1\1\0\1" TTL "\0\4\x0a\0\0\1" SELF "\0\1\1\1" TTL "\0\4\x0a\0\0\1"),
         "no address"},
        {"A of 5 bytes", DNS_A, 2, BYTES(SELF "\0\1\0\1" TTL "\0\5\x0a\0\0\2\2" SELF A "\1"), "10.0.0.1"},
        {"label past the end", DNS_A, 1, BYTES("\x3f" A "\1"), "failed"},
        {"size past the end", DNS_A, 1, BYTES(SELF "\0\1\0\1" TTL "\xff\xff\x0a\0\0\1"), "failed"},
        {"half a pointer", DNS_A, 1, BYTES("\xc0"), "failed"},
        {"label of a type that is none", DNS_A, 1,
         BYTES("\x40xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\0" A "\1"), "failed"},
    };
    struct message m;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        answer(&m, row[i].type, row[i].count, row[i].bytes, row[i].len);
        assert_row(!strcmp(reads_part(&m, m.len, 3), row[i].expected), row[i].what);
        for (size_t len = 0; len < m.len; len++) { /* a truncated answer gives fewer records, never others */
            const char *part = reads_part(&m, len, 3), *expected = len < m.query_len ? "not ours" : row[i].expected;

            assert_row(!strcmp(part, expected) || (len >= m.query_len && !strcmp(part, "failed")), row[i].what);
        }
    }
}

static void errors_are_distinguished(void **state)
{
    static const char *const by_rcode[16] = {"10.0.0.1", "failed", "failed", "no name"};
    struct message m;

    (void)state;
    for (uint8_t rcode = 0; rcode < 16; rcode++) {
        const char *expected = by_rcode[rcode] ? by_rcode[rcode] : "failed";

        answer(&m, DNS_A, 1, BYTES(SELF A "\1"));
        m.bytes[3] = 0x80 | rcode; /* RA */
        assert_string_equal(reads_part(&m, m.len, 3), expected);
        m.bytes[5] =
            0; /* Servers may refuse with a header alone. The resolver must not wait until its time limit then. */
        assert_string_equal(reads_part(&m, HEADER, 3), strcmp(expected, "failed") ? "not ours" : "failed");
        m.bytes[1] ^= 1;
        assert_string_equal(reads_part(&m, HEADER, 3), "not ours");
    }
    answer(&m, DNS_A, 1, BYTES(SELF A "\1"));
    m.bytes[2] |= 2;
    assert_string_equal(reads_part(&m, m.len, 3), "truncated");
}

static void an_answer_to_something_else_is_not_ours(void **state)
{
    /* id, QR, opcode, number of questions; a label, the type, the class */
    static const struct {
        size_t at;
        uint8_t bit;
    } change[] = {{0, 1},           {1, 1},           {2, 0x80},        {2, 8},           {2, 0x40},
                  {4, 1},           {5, 1},           {5, 2},           {HEADER, 1},      {HEADER + 3, 1},
                  {HEADER + 14, 1}, {HEADER + 16, 2}, {HEADER + 15, 1}, {HEADER + 18, 2}, {HEADER + 17, 1}};
    struct message m;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(change); i++) {
        answer(&m, DNS_A, 1, BYTES(SELF A "\1"));
        m.bytes[change[i].at] ^= change[i].bit;
        assert_string_equal(reads_part(&m, m.len, 3), "not ours");
    }
    answer(&m, DNS_A, 1, BYTES(SELF A "\1")); /* some resolvers change the case */
    m.query[HEADER + 2] ^= 0x20;
    m.bytes[HEADER + 8] ^= 0x20;
    assert_string_equal(reads_part(&m, m.len, 3), "10.0.0.1");
}

static const char *conf_of(const char *lines)
{
    static char text[4096];
    struct resolv_conf conf;
    size_t at = 0;

    resolv_conf_init(&conf);
    for (const char *line = lines; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        size_t len = strcspn(line, "\n");

        resolv_conf_line(&conf, flush_copy(line, len), len);
    }
    for (int i = 0; i < conf.n_servers; i++) {
        at += ip_format(&conf.server[i].ip, text + at);
        text[at++] = ' ';
    }
    text[at++] = '/';
    for (int i = 0; i < conf.n_search; i++)
        at += (size_t)sprintf(text + at, " %s", conf.search[i]);
    sprintf(text + at, " / %d %d %d", conf.ndots, conf.timeout_s, conf.attempts);
    return text;
}

static void lines_of_resolv_conf_are_read(void **state)
{
    static const char *const row[][2] = {
        {" \tnameserver\t 10.0.0.1 \t\r\nnameserver 10.0.0.2#x", "10.0.0.1 10.0.0.2 / / 1 5 2"},
        {"#nameserver 10.0.0.1\n;nameserver 10.0.0.2\n; nameserver 10.0.0.3\n # x", "/ / 1 5 2"},
        {"nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 2001:DB8::1\nnameserver 4.4.4.4",
         "1.1.1.1 2.2.2.2 2001:db8::1 / / 1 5 2"},
        {"nameserver\nnameserver x\nnameserver 1.2.3\nnameservers 1.1.1.1\nname 1.1.1.1\nsortlist 1.1.1.1\n\1\377",
         "/ / 1 5 2"},
        {"search 1 2 3 4 5 6 7 8", "/ 1 2 3 4 5 6 / 1 5 2"},
        {"search a b\ndomain c", "/ c / 1 5 2"},
        {"domain a\nsearch", "/ / 1 5 2"},
        {"", "/ / 1 5 2"},
        {"search . a.example\tb .", "/ a.example b / 1 5 2"}, /* systemd-resolved writes "." for no domain */
        {"options ndots:5 timeout:1 attempts:3", "/ / 5 1 3"},
        {"options ndots:0\noptions\ttimeout:1 rotate edns0\toptions", "/ / 0 1 2"},
        {"options ndots:99999999999999999999 timeout:4294967296 attempts:2147483648", "/ / 15 30 5"},
        {"options timeout:0 attempts:0", "/ / 1 1 1"}, /* 0 would mean that nothing is asked, or waited for */
        {"options ndots: timeout: attempts: ndots timeout ndots5 :5 ndots:x timeout:-1 attempts:+1", "/ / 1 5 2"},
    };
    char line[600];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        assert_row(!strcmp(conf_of(row[i][0]), row[i][1]), visible(row[i][0], strlen(row[i][0])));
    snprintf(line, sizeof line, "search %s b", long_name(253, 63, ""));
    assert_int_equal(strlen(conf_of(line)), 2 + 253 + 2 + strlen(" / 1 5 2"));
    snprintf(line, sizeof line, "search %s b", long_name(254, 63, ""));
    assert_string_equal(conf_of(line), "/ b / 1 5 2");
}

static void lines_of_hosts_are_read(void **state)
{
    /* clang-format off */
    static const char *const row[][3] = {
        {"\t10.0.0.1\tagent.example  agent\r", "AGENT", "10.0.0.1"}, {"::1 ip6-localhost agent#comment", "agent", "::1"},
        {"10.0.0.1 Agent.Example # agent", "agent.example", "10.0.0.1"}, {"10.0.0.1 agent.example # agent", "agent", NULL},
        {"10.0.0.1 agents", "agent", NULL}, {"10.0.0.1 agen", "agent", NULL}, {"10.0.0.1", "10.0.0.1", NULL},
        {"10.0.0.1 ", "", NULL}, {"#10.0.0.1 agent", "agent", NULL}, {"10.0.0 agent", "agent", NULL},
        {"agent 10.0.0.1", "agent", NULL}, {"", "agent", NULL},
    };
    /* clang-format on */
    char text[IP_TEXT_MAX];
    struct scoped_ip ip;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        size_t len = strlen(row[i][0]);
        bool there = hosts_line(flush_copy(row[i][0], len), len, row[i][1], &ip);

        if (there)
            ip_format(&ip.ip, text);
        assert_row(there == !!row[i][2] && (!there || !strcmp(text, row[i][2])), row[i][0]);
        for (size_t cut = 0; cut < len; cut++)
            hosts_line(flush_copy(row[i][0], cut), cut, row[i][1], &ip);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_is_a_header_and_one_question),
        cmocka_unit_test(names_have_limits),
        cmocka_unit_test(records_are_read),
        cmocka_unit_test(errors_are_distinguished),
        cmocka_unit_test(an_answer_to_something_else_is_not_ours),
        cmocka_unit_test(lines_of_resolv_conf_are_read),
        cmocka_unit_test(lines_of_hosts_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
