/* /proc/net/sockstat, sockstat6 and snmp, as kernels wrote them, cut anywhere, and damaged. */
#include <string.h>

#include "sockstat_parse.h"
#include "unit/helper.h"

static const char sockstat[] = "sockets: used 16\n"
                               "TCP: inuse 17 orphan 2 tw 3 alloc 20 mem 49\n"
                               "UDP: inuse 5 mem 0\n"
                               "FRAG: inuse 0 memory 0\n";
static const char sockstat6[] = "TCP6: inuse 18446744073709551615\nUDP6: inuse 0\n";
static const char snmp[] = "Ip: Forwarding DefaultTTL\nIp: 2 64\n"
                           "Tcp: RtoAlgorithm RtoMin MaxConn ActiveOpens PassiveOpens\n"
                           "Tcp: 1 200 -1 78066 70370\n"
                           "Udp: InDatagrams\nUdp: 4\n";

static bool find(const char *text, size_t len, const char *line, const char *name, uint64_t *out)
{
    *out = 99;
    return sockstat_parse(flush_copy(text, len), len, line, name, out);
}

static bool find_snmp(const char *text, size_t len, const char *name, uint64_t *out)
{
    *out = 99;
    return snmp_parse(flush_copy(text, len), len, "Tcp:", name, out);
}

static void counters_are_found_by_their_names(void **state)
{
    uint64_t n;

    (void)state;
    assert_true(find(sockstat, strlen(sockstat), "TCP:", "inuse", &n) && n == 17);
    assert_true(find(sockstat, strlen(sockstat), "TCP:", "tw", &n) && n == 3);
    assert_true(find(sockstat, strlen(sockstat), "UDP:", "inuse", &n) && n == 5);
    assert_false(find(sockstat, strlen(sockstat), "TCP:", "tw2", &n));
    assert_false(find(sockstat, strlen(sockstat), "TCP", "inuse", &n));
    assert_false(find(sockstat, strlen(sockstat), "UDP:", "tw", &n));       /* not another line's */
    assert_false(find(sockstat6, strlen(sockstat6), "TCP6:", "inuse", &n)); /* 20 digits */
    assert_true(find_snmp(snmp, strlen(snmp), "ActiveOpens", &n) && n == 78066);
    assert_true(find_snmp(snmp, strlen(snmp), "PassiveOpens", &n) && n == 70370);
    assert_false(find_snmp(snmp, strlen(snmp), "MaxConn", &n)); /* -1 */
    assert_false(find_snmp(snmp, strlen(snmp), "AttemptFails", &n));
}

static void a_line_that_was_cut_has_no_counter(void **state)
{
    const char *tcp_end = strstr(sockstat, "UDP"), *snmp_end = strstr(snmp, "Udp");
    uint64_t n;

    (void)state;
    for (size_t len = 0; len < sizeof sockstat; len++)
        assert_int_equal(find(sockstat, len, "TCP:", "tw", &n), sockstat + len >= tcp_end);
    for (size_t len = 0; len < sizeof snmp; len++)
        assert_int_equal(find_snmp(snmp, len, "PassiveOpens", &n), snmp + len >= snmp_end);
}

static void what_is_no_number_is_none(void **state)
{
    static const char *const row[] = {
        "TCP: inuse\n",
        "TCP: inuse \n",
        "TCP: inuse -1\n",
        "TCP: inuse 1x\n",
        "TCP: inuse x\n",
        "TCP:\n",
        "\n",
        "TCP: 1 inuse\n",
        "TCP: inuse 99999999999999999999\n",
    };
    uint64_t n;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        assert_row(!find(row[i], strlen(row[i]), "TCP:", "inuse", &n) && n == 99, row[i]);
    assert_false(find_snmp("Tcp: A B\nTcp: 1\n", 16, "B", &n)); /* fewer numbers than names */
    assert_false(find_snmp("Tcp: A B\n", 9, "A", &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_are_found_by_their_names),
        cmocka_unit_test(a_line_that_was_cut_has_no_counter),
        cmocka_unit_test(what_is_no_number_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
