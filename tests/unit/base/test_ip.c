#include <arpa/inet.h>
#include <string.h>

#include "base/ip.h"
#include "unit/helper.h"

static const char *round_trip(const char *text)
{
    static char out[IP_TEXT_MAX];
    struct ip ip;
    size_t len;

    if (!ip_parse(text, strlen(text), &ip))
        return "refused";
    len = ip_format(&ip, out);
    assert_int_equal(len, strlen(out));
    return out;
}

static void an_address_is_written_as_rfc_5952_says(void **state)
{
    static const char *const row[][2] = {
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"10.0.100.9", "10.0.100.9"},
        {"::", "::"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:DB8::A", "2001:db8::a"},
        {"2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},   /* the first of two equal runs */
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},         /* the longer run */
        {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* one group alone is not shortened */
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:0:0:4:5:6:0:0", "1::4:5:6:0:0"},
        {"0:0:3:4:5:0:0:0", "0:0:3:4:5::"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        assert_string_equal(round_trip(row[i][0]), row[i][1]);
        assert_string_equal(round_trip(row[i][1]), row[i][1]);
    }
}

static void a_v4_mapped_address_is_the_v4_address(void **state)
{
    static const char *const text[] = {"::ffff:1.2.3.4", "::FFFF:0102:0304", "0:0:0:0:0:ffff:1.2.3.4"};
    struct ip ip;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(text); i++) {
        assert_true(ip_parse(text[i], strlen(text[i]), &ip));
        assert_int_equal(ip.version, 4);
        assert_memory_equal(ip.bytes, ((uint8_t[16]){1, 2, 3, 4}), 16);
    }
    assert_string_equal(round_trip("::1.2.3.4"), "::102:304"); /* v4-compatible is not v4-mapped */
    assert_string_equal(round_trip("::fffe:1.2.3.4"), "::fffe:102:304");
}

static void what_is_no_address_is_refused(void **state)
{
    /* clang-format off */
    static const char *const text[] = {
        "", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5", ".1.2.3.4", "1..2.3", "256.1.1.1", "1.1.1.1000",
        "01.2.3.4", "1.2.3.04", "00.0.0.0", "0x1.2.3.4", "+1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1,2,3,4",
        ":", ":::", ":1", "1:", "1:2", "::1::", "1::2::3", "12345::", "::12345", "::g", "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "::1.2.3", "::1.2.3.4:5",
        "::01.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "[::1]", "::1%eth0", "::1/64", "1.2.3.4:80", "localhost",
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT_OF(text); i++)
        assert_row(!strcmp(round_trip(text[i]), "refused"), text[i]);
}

/* Checks against the C library's parser. */
static bool library_parses(const char *text, size_t len)
{
    unsigned char bytes[16];
    char copy[128];

    memcpy(copy, text, len);
    copy[len] = '\0';
    return strlen(copy) == len && (inet_pton(AF_INET, copy, bytes) || inet_pton(AF_INET6, copy, bytes));
}

static void every_truncation_is_read_as_the_c_library_reads_it(void **state)
{
    static const char *const text[] = {"192.168.100.200",     "2001:db8:10:200::3000:4", "1:2:3:4:5:6:77:8888",
                                       "::ffff:192.168.1.10", "fe80::1:2:3:4",           "1:2:3:4:5:6:10.20.30.40"};
    struct ip ip;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(text); i++)
        for (size_t len = 0; len <= strlen(text[i]); len++)
            assert_row(ip_parse(flush_copy(text[i], len), len, &ip) == library_parses(text[i], len), text[i]);
}

static void any_text_of_such_bytes_is_read_as_the_c_library_reads_it(void **state)
{
    static const char bytes[] = "0123456789abcdefABCDEF::::....";
    unsigned good = 0;
    struct ip ip;

    (void)state;
    any_seed(1);
    for (int turn = 0; turn < 200000; turn++) {
        size_t len = any(20);
        char text[20];
        bool parsed;

        for (size_t i = 0; i < len; i++)
            text[i] = any(3) ? ":10."[any(4)] : bytes[any(sizeof bytes - 1)];
        parsed = ip_parse(text, len, &ip);
        good += parsed;
        assert_row(parsed == library_parses(text, len), visible(text, len));
    }
    assert_true(good > 100);
}

static void any_address_is_written_as_the_c_library_writes_it_and_read_back(void **state)
{
    (void)state;
    any_seed(2);
    for (int turn = 0; turn < 50000; turn++) {
        struct ip ip = {.version = any(8) ? 6 : 4}, again;
        char text[IP_TEXT_MAX], expected[INET6_ADDRSTRLEN];
        size_t len;

        for (int i = 0; i < (ip.version == 4 ? 4 : 16); i += 2)
            if (any(2)) {
                ip.bytes[i] = (uint8_t)(any(2) ? 0 : any(256));
                ip.bytes[i + 1] = (uint8_t)any(256);
            }
        if (ip.version == 6)
            ip.bytes[0] |= 1; /* the library prints ::a.b.c.d if six groups are zero */
        len = ip_format(&ip, text);
        inet_ntop(ip.version == 4 ? AF_INET : AF_INET6, ip.bytes, expected, sizeof expected);
        assert_string_equal(text, expected);
        assert_true(ip_parse(text, len, &again));
        assert_memory_equal(&again, &ip, sizeof ip);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_written_as_rfc_5952_says),
        cmocka_unit_test(a_v4_mapped_address_is_the_v4_address),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(every_truncation_is_read_as_the_c_library_reads_it),
        cmocka_unit_test(any_text_of_such_bytes_is_read_as_the_c_library_reads_it),
        cmocka_unit_test(any_address_is_written_as_the_c_library_writes_it_and_read_back),
    };

    return cmocka_run_group_tests_name("ip", tests, NULL, NULL);
}
