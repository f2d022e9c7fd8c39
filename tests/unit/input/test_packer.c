/* What outputs that pass lines on get of them, in each dialect. */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "input/packer.h"
#include "unit/helper.h"
#include "unit/input/line_helper.h"

#define SEEDS (20000 / ONE_IN)

static struct packer p;
static char sent[1 << 18];
static size_t sent_len;
static uint32_t sent_lines, sent_packets;

/* Collects a packet, which must be of whole lines. */
static void collect(void *ctx, const char *lines, size_t len, uint32_t n)
{
    uint32_t found = 0;

    assert_ptr_equal(ctx, &sent_len);
    assert_true(len > 1 && len <= p.packet_max + 1 && sent_len + len < sizeof sent);
    for (size_t i = 0; i < len; i++)
        found += lines[i] == '\n';
    assert_true(found == n && lines[len - 1] == '\n');
    memcpy(sent + sent_len, lines, len);
    sent_len += len;
    sent[sent_len] = '\0';
    sent_lines += n;
    sent_packets++;
}

static void begin(enum pack_dialect dialect, size_t packet_max)
{
    static char *bytes;

    free(bytes);
    bytes = malloc(packet_max + 1); /* one byte too many is seen by the sanitizer */
    p = (struct packer){
        .dialect = dialect, .packet_max = packet_max, .bytes = bytes, .send = collect, .ctx = &sent_len};
    sent_len = sent_lines = sent_packets = 0;
    *sent = '\0';
}

static struct span span(const char *text)
{
    return (struct span){text, strlen(text)};
}

/* Sets our tags to a list such as "host:a,prod". */
static void set_ours(const char *list)
{
    static struct packer_tags tags;
    struct span rest = span(list), key, value;

    tags.text = rest;
    for (tags.n = 0; line_next_tag(&rest, &key, &value); tags.n++) {
        const char *end = value.at ? value.at + value.len : key.at + key.len;

        tags.tag[tags.n].text = (struct span){key.at, (size_t)(end - key.at)};
        tags.tag[tags.n].key_len = key.len;
    }
    p.tags = &tags;
}

/* Takes each line that is good. Returns whether all of these were supported. */
static bool take(const char *text, size_t len)
{
    struct span rest = {flush_copy(text, len), len}, one;
    bool supported = true;

    while (line_split(&rest, &one)) {
        struct line l;

        if (!line_parse(one.at, one.len, &l))
            supported &= packer_take(&p, &l, one);
    }
    return supported;
}

/* Returns what is sent for lines, each without a last LF. */
static const char *packed(const char *lines)
{
    take(lines, strlen(lines));
    packer_flush(&p);
    if (sent_len)
        sent[sent_len - 1] = '\0';
    return sent;
}

#define NO NULL /* unsupported */

struct row {
    const char *line, *expected[3]; /* by dialect */
};

static void check(const struct row *row, const char *ours, bool absolute)
{
    for (int d = PACK_DATADOG; d <= PACK_STATSD; d++) {
        const char *expected = row->expected[d];

        begin((enum pack_dialect)d, 1432);
        p.absolute = absolute;
        set_ours(ours);
        packed(row->line);
        if (strcmp(sent, expected ? expected : "") || p.counters.unsupported != !expected || p.counters.oversized)
            print_error("dialect %d: %s\n", d, visible(sent, strlen(sent)));
        assert_row(!strcmp(sent, expected ? expected : ""), row->line);
        assert_row(p.counters.unsupported == !expected && !p.counters.oversized, row->line);
    }
}

#define SAME(text) {text, text, text}

static void odd_lines_come_out_right(void **state)
{
    static const struct row row[] = {
        {"a:1|c", SAME("a:1|c")},
        {"a:1|c\n", SAME("a:1|c")},
        {"a:1|c\r\n", SAME("a:1|c")},
        {"\n\na:1|c", SAME("a:1|c")},
        {"", SAME("")},
        {"a:1.5|c", SAME("a:1.5|c")},
        {"a:1e2|c", SAME("a:1e2|c")},
        {"a:-3|c", SAME("a:-3|c")},
        {"a:+3|c", SAME("a:+3|c")},
        {"a:+.5|h", {"a:+.5|h", "a:+.5|h", "a:+.5|ms"}},
        {"a:1:2:3|c", {"a:1:2:3|c", "a:1|c\na:2|c\na:3|c", "a:1|c\na:2|c\na:3|c"}},
        {"a:1:2|ms|@0.5", {"a:1:2|ms|@0.5", "a:1|ms|@0.5\na:2|ms|@0.5", "a:1|ms|@0.5\na:2|ms|@0.5"}},
        {"a:1:2:3|g", {"a:1:2:3|g", "a:1|g\na:2|g\na:3|g", "a:1|g\na:2|g\na:3|g"}},
        {"a:1::3|c", {"a:1::3|c", "a:1|c\na:3|c", "a:1|c\na:3|c"}},
        {"a::3:|c", {"a::3:|c", "a:3|c", "a:3|c"}},
        {"a:|c\na::|c", SAME("")},
        {"a:1|c:2|c:3|c", SAME("a:1|c\na:2|c\na:3|c")},
        {"a:1|c|@0.1:2|ms:x|s|@0.5:4|g|@0.5:5|c|@3", SAME("a:1|c|@0.1\na:2|ms\na:x|s\na:4|g\na:5|c")},
        {"a:x:y|s", {"a:x:y|s", "a:x:y|s", NO}},
        {"a:#x|s", SAME("a:#x|s")},
        {"Foo::Bar:1|c\na:1|c", SAME("a:1|c")},
        {":1|c\na\na:\na:1\na:1|\n|c\na:1|C\na:1|kv\na:1|x\na:1|m\nb:1|c", SAME("b:1|c")},
        {"a:1|c|@0.1", SAME("a:1|c|@0.1")},
        {"a:1|c|@1e-1", {"a:1|c|@1e-1", "a:1|c|@0.1", "a:1|c|@0.1"}},
        {"a:1|c|@+.25", {"a:1|c|@+.25", "a:1|c|@0.25", "a:1|c|@0.25"}},
        {"a:1|c|@2", {"a:1|c|@2", "a:1|c", "a:1|c"}},
        {"a:1|c|@1.0", {"a:1|c|@1.0", "a:1|c", "a:1|c"}},
        {"a:1|c|@0.5|@0.25", {"a:1|c|@0.5|@0.25", "a:1|c|@0.25", "a:1|c|@0.25"}},
        {"a:1|c|@0\na:1|c|@-1\na:1|c|@\na:1|c|@x\na:1|c|@1e-9\nb:1|c", SAME("b:1|c")},
        {"a:5|g|@0.1", {"a:5|g|@0.1", "a:5|g", "a:5|g"}},
        {"a:x|s|@0.1", {"a:x|s|@0.1", "a:x|s", "a:x|s"}},
        {"a:100|ms|@0.1", SAME("a:100|ms|@0.1")},
        {"a:3|h|@0.1", {"a:3|h|@0.1", "a:3|h|@0.1", "a:3|ms|@0.1"}},
        {"a:3|d", {"a:3|d", "a:3|d", "a:3|ms"}},
        {"a:-1|ms", {"a:-1|ms", "a:-1|ms", NO}},
        {"a:-1|h", {"a:-1|h", "a:-1|h", NO}},
        {"a:-0|d", {"a:-0|d", "a:-0|d", "a:-0|ms"}},
        {"a:NaN|g\na:Inf|g\na:0x10|c\na: 1 |c\na:1,5|g\nb:1|c", SAME("b:1|c")},
        {"a:1|c|#", {"a:1|c|#", "a:1|c", "a:1|c"}},
        {"a:1|c|#,,x:y,", {"a:1|c|#,,x:y,", "a:1|c|#x:y", "a:1|c"}},
        {"a:1|c|#x:y,,z,:v,w:", {"a:1|c|#x:y,,z,:v,w:", "a:1|c|#x:y,z,w:", "a:1|c"}},
        {"a:1|c|#k:", {"a:1|c|#k:", "a:1|c|#k:", "a:1|c"}},
        {"a:1|c|#:v", {"a:1|c|#:v", "a:1|c", "a:1|c"}},
        {"a:1|c|#k:v:w,k:x", {"a:1|c|#k:v:w,k:x", "a:1|c|#k:v:w,k:x", "a:1|c"}},
        {"a:1|c|#k:v|@0.5", {"a:1|c|#k:v|@0.5", "a:1|c|@0.5|#k:v", "a:1|c|@0.5"}},
        {"a:1|c|#a:b|#k:v", {"a:1|c|#a:b|#k:v", "a:1|c|#k:v", "a:1|c"}},
        {"a:1|c|#k:v|T1700000000", {"a:1|c|#k:v|T1700000000", "a:1|c|#k:v", "a:1|c"}},
        {"a:1|ms|T1700000000", {"a:1|ms|T1700000000", "a:1|ms", "a:1|ms"}},
        {"a:1|c|c:abc|e:it-false,cn-x|card:low", {"a:1|c|c:abc|e:it-false,cn-x|card:low", "a:1|c", "a:1|c"}},
        {"a:1|c|zz:future", {"a:1|c|zz:future", "a:1|c", "a:1|c"}},
        {"a:1|c|#dd.internal.entity_id:x,k:v,dd.internal.card:low,l",
         {"a:1|c|#dd.internal.entity_id:x,k:v,dd.internal.card:low,l", "a:1|c|#k:v,l", "a:1|c"}},
        {"a b/c;d#\303\251\377:1|c", SAME("a b/c;d#\303\251\377:1|c")},
        {"a\001:1|c\nb:1|c", SAME("b:1|c")},
        {"req:1|c\nreq:5|ms", SAME("req:1|c\nreq:5|ms")},
        {"_e{5,4}:title|text", {"_e{5,4}:title|text", NO, NO}},
        {"_sc|name|0", {"_sc|name|0", NO, NO}},
        {"_e{5,4}:title|tex\n_sc|name|4\nb:1|c", SAME("b:1|c")},
        {"#EOF\nGET / HTTP/1.1", SAME("")},
        {"a:-5|g", SAME("a:-5|g")},
        {"a:+5|g|#k:v", {"a:+5|g|#k:v", "a:+5|g|#k:v", "a:+5|g"}},
        {"constructor:1|ms", {"constructor:1|ms", "constructor:1|ms", NO}},
        {"constructors:1|ms\nvalue:2|c", SAME("constructors:1|ms\nvalue:2|c")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        check(&row[i], "", false);
}

static void our_tags_are_added_if_the_key_is_absent(void **state)
{
    static const struct row row[] = {
        {"a:1|c", {"a:1|c|#env:x,host:a,prod", "a:1|c|#env:x,host:a,prod", "a:1|c"}},
        {"a:1|c|#k:v", {"a:1|c|#k:v,env:x,host:a,prod", "a:1|c|#k:v,env:x,host:a,prod", "a:1|c"}},
        {"a:1|c|#host:b", {"a:1|c|#host:b,env:x,prod", "a:1|c|#host:b,env:x,prod", "a:1|c"}},
        {"a:1|c|#host", {"a:1|c|#host,env:x,prod", "a:1|c|#host,env:x,prod", "a:1|c"}},
        {"a:1|c|#prod:,env:,host:", {"a:1|c|#prod:,env:,host:", "a:1|c|#prod:,env:,host:", "a:1|c"}},
        {"a:1|c|#hos:b,hosts:c",
         {"a:1|c|#hos:b,hosts:c,env:x,host:a,prod", "a:1|c|#hos:b,hosts:c,env:x,host:a,prod", "a:1|c"}},
        {"a:1|c|#", {"a:1|c|#env:x,host:a,prod", "a:1|c|#env:x,host:a,prod", "a:1|c"}},
        {"a:1|c|#k,", {"a:1|c|#k,env:x,host:a,prod", "a:1|c|#k,env:x,host:a,prod", "a:1|c"}},
        {"a:1|c|#k|c:x|@0.5", {"a:1|c|#k,env:x,host:a,prod|c:x|@0.5", "a:1|c|@0.5|#k,env:x,host:a,prod", "a:1|c|@0.5"}},
        {"a:1|c|#host:b|#k", {"a:1|c|#host:b|#k,env:x,host:a,prod", "a:1|c|#k,env:x,host:a,prod", "a:1|c"}},
        {"a:1|c|@0.5|c:x", {"a:1|c|@0.5|c:x|#env:x,host:a,prod", "a:1|c|@0.5|#env:x,host:a,prod", "a:1|c|@0.5"}},
        {"a:1|g|#dd.internal.x:1", {"a:1|g|#dd.internal.x:1,env:x,host:a,prod", "a:1|g|#env:x,host:a,prod", "a:1|g"}},
        {"a:1:2|c",
         {"a:1:2|c|#env:x,host:a,prod", "a:1|c|#env:x,host:a,prod\na:2|c|#env:x,host:a,prod", "a:1|c\na:2|c"}},
        {"a:1|c:2|g",
         {"a:1|c|#env:x,host:a,prod\na:2|g|#env:x,host:a,prod", "a:1|c|#env:x,host:a,prod\na:2|g|#env:x,host:a,prod",
          "a:1|c\na:2|g"}},
        {"_e{1,1}:a|b", {"_e{1,1}:a|b|#env:x,host:a,prod", NO, NO}},
        {"_e{1,3}:a||#b|#k|t:info", {"_e{1,3}:a||#b|#k,env:x,host:a,prod|t:info", NO, NO}},
        {"_sc|a|0", {"_sc|a|0|#env:x,host:a,prod", NO, NO}},
        {"_sc|a|0|h:b|m:all good", {"_sc|a|0|h:b|#env:x,host:a,prod|m:all good", NO, NO}},
        {"_sc|a|0|#k|m:text", {"_sc|a|0|#k,env:x,host:a,prod|m:text", NO, NO}},
        {"_sc|a|0|mm|m", {"_sc|a|0|mm|m|#env:x,host:a,prod", NO, NO}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        check(&row[i], "env:x,host:a,prod", false);
}

static void gauges_with_a_sign_are_values_for_statsd(void **state)
{
    static const struct row row[] = {
        {"a:-5|g", {"a:-5|g", "a:-5|g", "a:0|g\na:-5|g"}},
        {"a:+5|g", {"a:+5|g", "a:+5|g", "a:5|g"}},
        {"a:5:-2:+3|g", {"a:5:-2:+3|g", "a:5|g\na:-2|g\na:+3|g", "a:5|g\na:0|g\na:-2|g\na:3|g"}},
        {"a:-5|c\na:+5|ms", SAME("a:-5|c\na:+5|ms")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        check(&row[i], "", true);
    begin(PACK_STATSD, 5 + 1 + 6); /* both lines of one packet */
    p.absolute = true;
    assert_string_equal(packed("a:-5|g\nb:-1|g\nc:1|c"), "a:0|g\na:-5|g\nb:0|g\nb:-1|g\nc:1|c");
    assert_int_equal(sent_packets, 3);
    begin(PACK_STATSD, 5 + 6);
    p.absolute = true;
    assert_string_equal(packed("a:-5|g\nb:1|g"), "b:1|g");
    assert_int_equal(p.counters.oversized, 1);
}

static void only_what_is_unsupported_is_left_out(void **state)
{
    (void)state;
    begin(PACK_STATSD, 1432);
    assert_string_equal(packed("a:1:-2:3|ms\n_sc|a|0\nb:x|s:-1|h:7|c"), "a:1|ms\na:3|ms\nb:x|s\nb:7|c");
    assert_int_equal(p.counters.unsupported, 3);
    assert_int_equal(sent_lines, 4);
}

static void packets_are_full_of_whole_lines(void **state)
{
    (void)state;
    begin(PACK_DATADOG, 11); /* "a:1|c\na:2|c" */
    take("a:1|c\na:2|c", 11);
    assert_int_equal(sent_packets, 0);
    take("b:3|c", 5);
    assert_int_equal(sent_packets, 1);
    assert_string_equal(sent, "a:1|c\na:2|c\n");
    packer_flush(&p);
    packer_flush(&p);
    assert_int_equal(sent_packets, 2);
    assert_int_equal(sent_lines, 3);
    assert_string_equal(sent, "a:1|c\na:2|c\nb:3|c\n");
}

static void a_line_too_long_costs_no_other(void **state)
{
    (void)state;
    begin(PACK_DOGSTATSD, 12);
    set_ours("k:v");
    assert_string_equal(packed("a:1|c\nab:2|c\nabc:3|c\na:4|c|#k:\nabcd:5|c|#k\na:6|c|#l:mno\na:7|c"),
                        "a:1|c|#k:v\nab:2|c|#k:v\nabc:3|c|#k:v\na:4|c|#k:\nabcd:5|c|#k\na:7|c|#k:v");
    assert_int_equal(p.counters.oversized, 1);
    assert_int_equal(p.counters.unsupported, 0);
}

/* --- at random ------------------------------------------------------------------------------ */

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
        if (p.dialect != PACK_DOGSTATSD || key->len < 12 || memcmp(key->at, "dd.internal.", 12))
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
    struct span ours = span(list), all = in, key, value, out_key, out_value;

    if (p.dialect == PACK_STATSD)
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
    if (p.dialect != PACK_STATSD)
        return true;
    return v->kind == METRIC_SET ? !memchr(v->text.at, ':', v->text.len) : !kind_is_timed(v->kind) || v->number >= 0;
}

static bool value_is_right(const struct line_value *in, const struct line_value *out)
{
    enum metric_kind kind = p.dialect == PACK_STATSD && kind_is_timed(in->kind) ? METRIC_TIMING : in->kind;

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

    begin(dialect, 16384);
    set_ours(ours);
    if (line_parse(line, len, &in))
        return false;
    packer_take(&p, &in, (struct span){line, len});
    packer_flush(&p);
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
    return !line_next(&out, &w) && !line_split(&rest, &one) && all == !p.counters.unsupported;
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
            begin(dialect, 1432);
            p.absolute = seed & 2;
            set_ours("host:a");
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
        begin(dialect, 16384);
        take(datagram, datagram_len);
        packer_flush(&p);
        strcpy(all, sent);
        begin(dialect, packet_max);
        take(datagram, datagram_len);
        packer_flush(&p);
        while (*at) {
            size_t n = strcspn(at, "\n") + 1;

            if (n - 1 <= packet_max) {
                assert_memory_equal(rest, at, n);
                rest += n;
            } else
                missing++;
            at += n;
        }
        assert_true(!*rest && p.counters.oversized == missing);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_lines_come_out_right),
        cmocka_unit_test(our_tags_are_added_if_the_key_is_absent),
        cmocka_unit_test(gauges_with_a_sign_are_values_for_statsd),
        cmocka_unit_test(only_what_is_unsupported_is_left_out),
        cmocka_unit_test(packets_are_full_of_whole_lines),
        cmocka_unit_test(a_line_too_long_costs_no_other),
        cmocka_unit_test(what_is_sent_means_the_same),
        cmocka_unit_test(packed_values_are_sent_as_single_lines),
        cmocka_unit_test(the_size_of_packets_changes_no_line),
    };

    return cmocka_run_group_tests_name("packer", tests, NULL, NULL);
}
