#include "unit/encode/encode_helper.h"

#include <stdio.h>
#include <string.h>

#include "unit/helper.h"

char encoded_text[65536];
size_t encoded_len;

static struct tag plain_tag[] = {{"host", "a"}, {"ip_version", "4"}};
static const struct value gauge[] = {{&fields[STATE_ESTABLISHED], 12, 0, false, ADDED_NONE},
                                     {&fields[STATE_SYN_SENT], 0, 0, false, ADDED_NONE}};
/* clang-format off */
const struct point plain_point = {.prefix = "", .measurement = &measurements[NETSTAT], .tags = {plain_tag, 2}, .value = gauge,
                                  .n_values = 2, .time_ms = 1700000000123, .sections = ""};
/* clang-format on */

void *format_state(void)
{
    static _Alignas(16) char state[65536];

    memset(state, 0, sizeof state);
    return state;
}

void keep_encoded(const struct buf *out)
{
    assert_false(out->full);
    assert_true(out->len < sizeof encoded_text);
    memcpy(encoded_text, out->data, out->len);
    encoded_text[out->len] = '\0';
    encoded_len = out->len;
}

struct pb_field next_field(const char **at, const char *end)
{
    struct pb_field field;

    assert_true(pb_next(at, end, &field));
    return field;
}

uint64_t fixed64_before(const char *end)
{
    uint64_t n = 0;

    for (int i = 1; i <= 8; i++)
        n = n << 8 | (unsigned char)end[-i];
    return n;
}

struct sink encode_into(const struct encoder *format, const struct point *p, size_t line_max, size_t cap)
{
    char *exact = malloc(cap + 1); /* one byte too many is seen by the sanitizer */
    struct buf out = {.data = exact, .cap = cap};
    struct sink sink = {.out = &out, .line_max = line_max, .state = format_state()};

    assert_true(format->state_size <= 65536);

    format->point(&sink, p);
    if (format->end)
        format->end(&sink);
    keep_encoded(&out);
    free(exact);
    sink.out = NULL;
    return sink;
}

const char *encoded(const struct encoder *format, const struct point *p)
{
    const struct sink sink = encode_into(format, p, 60000, 60000);

    assert_int_equal(sink.oversized, 0);
    return encoded_text;
}

unsigned count_of(const char *haystack, const char *needle)
{
    unsigned n = 0;

    for (const char *at = haystack; (at = strstr(at, needle)); at += strlen(needle))
        n++;
    return n;
}

void check_hostile(const struct encoder *format, const struct hostile *row, size_t n, const char *end)
{
    for (size_t i = 0; i < n; i++) {
        struct tag tag = {row[i].key, row[i].value};
        struct point p = plain_point;
        char line[256];

        p.prefix = row[i].prefix;
        p.tags = (struct tags){&tag, 1};
        p.n_values = 1;
        snprintf(line, sizeof line, "%s%s", row[i].line, end);
        assert_string_equal(encoded(format, &p), line);
        assert_int_equal(count_of(encoded_text, "\n"), 1);
    }
}
