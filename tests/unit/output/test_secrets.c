#include <string.h>

#include "output/secrets.h"
#include "unit/helper.h"

static void what_may_be_secret_in_a_path_is_masked(void **state)
{
    static const struct {
        const char *path, *shown;
    } row[] = {
        {"", ""},
        {"/", "/"},
        {"/write", "/write"},
        {"/api/v2/write", "/api/v2/write"},
        {"//a//", "//a//"},
        {"/write?db=x&rp=y&precision=ms&consistency=all", "/write?db=x&rp=y&precision=ms&consistency=all"},
        {"/api/v2/write?org=o&orgID=1&bucket=b", "/api/v2/write?org=o&orgID=1&bucket=b"},
        {"/write?db=x&u=me&p=secret", "/write?db=x&u=***&p=***"},
        {"/w?token=", "/w?token=***"},
        {"/w?secret", "/w?***"},
        {"/w?", "/w?"},
        {"/w?a&&b", "/w?***&&***"},
        {"/w?p=a;db=b;q=c", "/w?p=***;db=b;q=***"},
        {"/w?dbs=x", "/w?dbs=***"},
        {"/w?d=x", "/w?d=***"},
        {"/w?token=a=b?c/d", "/w?token=***"},
        {"?p=x", "?p=***"},
        {"/key/0123456789abcdefghij/write", "/key/***/write"},
        {"/0123456789abcdefghi", "/0123456789abcdefghi"},
        {"/01234567890123456789", "/01234567890123456789"},
        {"/abcdefghijklmnopqrstuvwxyz", "/abcdefghijklmnopqrstuvwxyz"},
        {"/x/0123456789abcdefghij?db=0123456789abcdefghij", "/x/***?db=0123456789abcdefghij"},
    };
    struct arena a = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        assert_row(!strcmp(secrets_mask_path(row[i].path, NULL, &a), row[i].shown), row[i].path);
    arena_free(&a);
}

static void what_may_be_secret_in_a_url_is_masked(void **state)
{
    static const struct {
        const char *url, *shown;
    } row[] = {
        {"udp://h:8125", "udp://h:8125"},
        {"stdout:", "stdout:"},
        {"h", "h"},
        {"", ""},
        {"unix:///run/x.sock", "unix:///run/x.sock"},
        {"unix://@name", "unix://@name"},
        {"influx+https://h/w?db=x&p=y", "influx+https://h/w?db=x&p=***"},
        {"https://user:pass@h/w?p=y", "https://***@h/w?p=***"},
        {"user:pass@h", "***@h"},
        {"https://u:p/q@r@h/w", "https://***@h/w"},
        {"https://h/w?token=a@b", "https://h/w?token=***"},
        {"https://h?token=a", "https://h?token=***"},
        {"https://user:pa?ss@h/w", "https://***@h/w"},
        {"https://user:p/a?s@s@h?db=x", "https://***@h?db=x"},
        {"tcp://u:e:r?x@h:1", "tcp://***@h:1"},
        {"https://h:80/w?a=b@c", "https://h:80/w?a=***"},
        {"https://[::1]:80/w?token=a@b", "https://[::1]:80/w?token=***"},
    };
    struct arena a = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        assert_row(!strcmp(secrets_mask_url(row[i].url, strlen(row[i].url), &a), row[i].shown), row[i].url);
    assert_string_equal(secrets_mask_url("udp://h,https://x?p=y", 7, &a), "udp://h");
    arena_free(&a);
}

static void a_receiver_may_repeat_what_is_secret(void **state)
{
    static const struct {
        const char *path, *answer, *shown;
    } row[] = {
        {"/write?db=metrics01&p=sesame-open&q=abc",
         "no rights for \"sesame-open\" (token=sesame-open), db metrics01, abc",
         "no rights for \"***********\" (token=***********), db metrics01, abc"},
        {"/w?token=sesame-open", "\"unauthorized \\\"sesame-open\\\"\"", "\"unauthorized \\\"***********\\\"\""},
        {"/w?token=sesame-open", "sesame-open. xsesame-open! |sesame-open| p=%73esame-open",
         "***********. x***********! |***********| p=%73**********"},
        {"/w?token=sesame-open", "sesame-o", "********"},
        {"/w?token=sesame-open", "sesam open token write", "sesam open token write"},
        {"/w?token=sesame%2Bplus", "sesame+plus or sesame%2Bplus", "*********** or *************"},
        {"/0123456789abcdefghij/write", "https://other/0123456789abcdefghij/write",
         "https://other/********************/write"},
        {"/write?db=metrics01", "no database metrics01 at /write", "no database metrics01 at /write"},
    };
    struct arena a = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        const char *hidden;
        char text[200];

        secrets_mask_path(row[i].path, &hidden, &a);
        strcpy(text, row[i].answer);
        secrets_mask_words(text, hidden);
        assert_row(!strcmp(text, row[i].shown), text);
    }
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be_secret_in_a_path_is_masked),
        cmocka_unit_test(what_may_be_secret_in_a_url_is_masked),
        cmocka_unit_test(a_receiver_may_repeat_what_is_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
