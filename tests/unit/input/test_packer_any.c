/* What is sent of lines at random. A failure shows the seed. */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "unit/helper.h"
#include "unit/input/line_helper.h"
#include "unit/input/packer_helper.h"

#define SEEDS (20000 / ONE_IN)

static const char *const type[] = {"c", "g", "ms", "h", "d", "s"};
static char line[8192];
static size_t len;

static void put(const char *text)
{
    size_t n = strlen(text);

    memcpy(line + len, text, n + 1);
    len += n;
}

static void put_sections(void)
{
    static const char *const key[] = {"host", "env", "prod", "dd.internal.x", "k", ""};

    for (unsigned n = any(4); n; n--)
        switch (any(4)) {
        case 0:
            put("|#");
            for (unsigned tags = any(5); tags; tags--) {
                put(any(2) ? key[any(COUNT_OF(key))] : line_any_text(8, ":,|"));
                put(any(4) ? ":" : "");
                put(any(4) ? line_any_text(8, ",|") : ",");
                put(",");
            }
            len -= any(2) && line[len - 1] == ',';
            line[len] = '\0';
            break;
        case 1: put("|c:"), put(line_any_text(8, "|")); break;
        case 2: put("|T123"); break;
        default: put(any(2) ? "|@0.25" : "|@1e-3");
        }
}

/* Writes a good line. */
static void any_line(void)
{
    unsigned kind = any(COUNT_OF(type)), n = 1 + any(4);
    bool apart = any(3) == 0;

    len = 0;
    put("n");
    put(line_any_text(20, ":|"));
    if (kind == METRIC_SET && !apart)
        n = 1;
    for (unsigned i = 0; i < n; i++) {
        if (apart)
            kind = any(COUNT_OF(type));
        put(any(8) || apart || kind == METRIC_SET ? ":" : "::");
        put(kind == METRIC_SET ? line_any_text(20, any(4) ? "|:" : "|") : line_any_number());
        if (apart) {
            put("|");
            put(type[kind]);
            put((const char *[]){"", "|@0.5", "|@+1e-2", "|@7"}[any(4)]);
        }
    }
    if (apart)
        return;
    put("|");
    put(type[kind]);
    put_sections();
}

static bool same(struct span a, struct span b)
{
    return a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len));
}

/* Takes the next tag that the dialect has. */
static bool next_kept(struct span *rest, struct span *key, struct span *value)
{
    while (line_next_tag(rest, key, value))
        if (packer.dialect != PACK_DOGSTATSD || key->len < 12 || memcmp(key->at, "dd.internal.", 12))
            return true;
    return false;
}

static bool has_key(struct span tags, struct span key)
{
    struct span k, v;

    while (line_next_tag(&tags, &k, &v))
        if (same(k, key))
            return true;
    return false;
}

/* Returns whether the tags that were sent are the line's, and then ours of other keys. */
static bool tags_are_right(struct span in, struct span out, const char *list)
{
    struct span ours = (struct span){list, strlen(list)}, all = in, key, value, out_key, out_value;

    if (packer.dialect == PACK_STATSD)
        return !out.at;
    while (next_kept(&in, &key, &value))
        if (!line_next_tag(&out, &out_key, &out_value) || !same(key, out_key) || !same(value, out_value))
            return false;
    while (line_next_tag(&ours, &key, &value))
        if (!has_key(all, key) &&
            (!line_next_tag(&out, &out_key, &out_value) || !same(key, out_key) || !same(value, out_value)))
            return false;
    return !line_next_tag(&out, &out_key, &out_value);
}

/* Returns whether statsd has the value. */
static bool is_kept(const struct line_value *v)
{
    if (packer.dialect != PACK_STATSD)
        return true;
    return v->kind == METRIC_SET ? !memchr(v->text.at, ':', v->text.len) : !kind_is_timed(v->kind) || v->number >= 0;
}

static bool value_is_right(const struct line_value *in, const struct line_value *out)
{
    enum metric_kind kind = packer.dialect == PACK_STATSD && kind_is_timed(in->kind) ? METRIC_TIMING : in->kind;

    return out->kind == kind && same(in->text, out->text) && number_bits(in->number) == number_bits(out->number) &&
           number_bits(in->rate) == number_bits(out->rate);
}

/* Returns whether what is sent, parsed again, has the line's values, weights and tags. */
static bool comes_back(enum pack_dialect dialect, const char *ours)
{
    struct span rest, one;
    struct line in, out = {0};
    struct line_value v, w;
    bool all = true;

    pack_begin(dialect, 16384);
    pack_tags(ours);
    if (line_parse(line, len, &in))
        return false;
    packer_take(&packer, &in, (struct span){line, len});
    packer_flush(&packer);
    rest = (struct span){sent, sent_len};
    while (line_next(&in, &v)) {
        if (!is_kept(&v)) {
            all = false;
            continue;
        }
        if (!line_next(&out, &w)) {
            if (!line_split(&rest, &one) || line_parse(one.at, one.len, &out) || !same(in.name, out.name) ||
                !tags_are_right(in.tags, out.tags, ours) || !line_next(&out, &w))
                return false;
            if (dialect != PACK_DATADOG && (w.text.at + w.text.len != out.end || out.timed))
                return false;
        }
        if (!value_is_right(&v, &w))
            return false;
    }
    return !line_next(&out, &w) && !line_split(&rest, &one) && all == !packer.counters.unsupported;
}

static void what_is_sent_means_the_same(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++)
        for (int d = PACK_DATADOG; d <= PACK_STATSD; d++) {
            bool good;

            any_seed(seed);
            any_line();
            good = comes_back((enum pack_dialect)d, any(2) ? "env:x,host:a,prod" : "");
            if (!good)
                print_error("seed %u, dialect %d: %s -> %s\n", seed, d, visible(line, len), visible(sent, sent_len));
            assert_true(good);
        }
}

/* A list (a:1:2|c|@0.5), values with a type each (a:1|c|@0.5:2|c|@0.5), and lines of their own. */
static void packed_values_are_sent_as_single_lines(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        static char text[3][4096], out[3][4096];
        enum pack_dialect dialect = seed & 1 ? PACK_DOGSTATSD : PACK_STATSD;
        const char *kind, *rate;
        unsigned n;

        any_seed(seed);
        kind = type[any(METRIC_SET)];
        rate = any(2) ? "|@0.25" : "";
        n = 1 + any(6);
        strcpy(text[0], "a");
        strcpy(text[1], "a");
        *text[2] = '\0';
        for (unsigned i = 0; i < n; i++) {
            const char *value = line_any_number();

            sprintf(text[0] + strlen(text[0]), ":%s", value);
            sprintf(text[1] + strlen(text[1]), ":%s|%s%s", value, kind, rate);
            sprintf(text[2] + strlen(text[2]), "a:%s|%s%s\n", value, kind, rate);
        }
        sprintf(text[0] + strlen(text[0]), "|%s%s", kind, rate);
        for (int i = 0; i < 3; i++) {
            pack_begin(dialect, 1432);
            packer.absolute = seed & 2;
            pack_tags("host:a");
            strcpy(out[i], packed(text[i]));
        }
        if (strcmp(out[0], out[2]) || strcmp(out[1], out[2]))
            print_error("seed %u: %s\n", seed, text[0]);
        assert_string_equal(out[0], out[2]);
        assert_string_equal(out[1], out[2]);
    }
}

/* However long packets are, the same lines are sent, but for those that are longer. */
static void the_size_of_packets_changes_no_line(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= SEEDS / 20; seed++) {
        static char all[1 << 16], datagram[8192];
        size_t packet_max = 10 + seed % 200, datagram_len = 0;
        enum pack_dialect dialect = (enum pack_dialect)(seed % 3);
        const char *at = all, *rest = sent;
        unsigned missing = 0;

        any_seed(seed);
        for (unsigned n = 1 + any(20); n && datagram_len < 4096; n--) {
            any_line();
            memcpy(datagram + datagram_len, line, len);
            datagram_len += len;
            datagram[datagram_len++] = '\n';
        }
        pack_begin(dialect, 16384);
        pack(datagram, datagram_len);
        packer_flush(&packer);
        strcpy(all, sent);
        pack_begin(dialect, packet_max);
        packer.fill_max = any((uint32_t)packet_max);
        pack(datagram, datagram_len);
        packer_flush(&packer);
        while (*at) {
            size_t n = strcspn(at, "\n") + 1;

            if (n - 1 <= packet_max) {
                assert_memory_equal(rest, at, n);
                rest += n;
            } else
                missing++;
            at += n;
        }
        assert_true(!*rest && packer.counters.oversized == missing);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_means_the_same),
        cmocka_unit_test(packed_values_are_sent_as_single_lines),
        cmocka_unit_test(the_size_of_packets_changes_no_line),
    };

    return cmocka_run_group_tests_name("packer_any", tests, NULL, NULL);
}
