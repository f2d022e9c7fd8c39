#include "input/recent.h"

#include <string.h>

#include "input/line_parts.h"

#define PROBES      8
#define AT_MASK     ((1u << 20) - 1) /* of a place; the rest is of the hash */
#define HASH_FACTOR UINT64_C(0x9e3779b97f4a7c15)
#define ENTRY_WORDS (sizeof(struct recent_entry) / 8)
#define PART_MAX    256 /* bytes of a head, and of a tail */
#define LINE_WORDS  (ENTRY_WORDS + 2 * PART_MAX / 8)

void recent_init(struct recent *r, void *memory, uint32_t size)
{
    *r = (struct recent){.place = memory, .places = 1, .cap = size / 8};
    while (r->places * 2 * sizeof *r->place <= size / 8)
        r->places *= 2;
    recent_clear(r);
}

void recent_clear(struct recent *r)
{
    if (!r->places)
        return;
    memset(r->place, 0, r->places * sizeof *r->place);
    r->used = r->places / 2;
    r->full = false;
}

static struct recent_entry *entry_at(const struct recent *r, uint32_t at)
{
    return (struct recent_entry *)((char *)r->place + (size_t)at * 8);
}

/* Returns the first 8 of so many bytes, or all, as a little-endian number. */
static inline uint64_t load(const char *at, size_t len)
{
    uint64_t word = 0;

    if (len >= 8) {
        memcpy(&word, at, 8);
        return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(word) : word;
    }
    while (len--)
        word = word << 8 | (unsigned char)at[len];
    return word;
}

/* Appends the bytes before the first stop, or end, to the words of the line. Returns where they end: elsewhere if they
 * are too many. */
static const char *copy(struct recent_line *l, const char *at, const char *end, uint64_t stop)
{
    uint64_t *out = l->entry->word + l->words, hash = l->hash;
    size_t left = (size_t)(end - at) < PART_MAX ? (size_t)(end - at) : PART_MAX;

    while (left) {
        uint64_t word = load(at, left), found = zero_bytes(word ^ stop);
        size_t n = left < 8 ? left : 8;

        left -= n;
        if (found) {
            word &= ((found & -found) >> 7) - 1; /* the bytes before it */
            n = (size_t)__builtin_ctzll(found) / 8;
            left = 0;
        }
        if (!n)
            break;
        *out++ = word;
        hash = (hash ^ word) * HASH_FACTOR;
        hash ^= hash >> 32;
        at += n;
    }
    l->words = (unsigned)(out - l->entry->word);
    l->hash = hash;
    return at;
}

/* Looks for an entry like the line: sets line->like, or else line->place. */
static void find(const struct recent *r, struct recent_line *l)
{
    uint32_t i = (uint32_t)l->hash;

    l->like = NULL;
    for (int probe = 0; probe < PROBES; probe++, i++) {
        const struct recent_entry *entry;
        unsigned n = 0;

        l->place = &r->place[i & (r->places - 1)];
        if (!*l->place)
            return;
        entry = entry_at(r, *l->place & AT_MASK);
        if (((uint32_t)l->hash ^ *l->place) & ~AT_MASK || entry->head_len != l->entry->head_len ||
            entry->tail_len != l->entry->tail_len)
            continue;
        while (n < l->words && entry->word[n] == l->entry->word[n])
            n++;
        if (n == l->words) {
            l->like = entry;
            return;
        }
    }
}

bool recent_cut(const struct recent *r, struct span rest, struct recent_line *l)
{
    const char *end = rest.at + rest.len, *at, *value;
    uint32_t number = 0;

    if (!r->places)
        return false;
    l->words = 0;
    l->hash = 0;
    l->entry = entry_at(r, r->used);
    at = copy(l, rest.at, end, EACH(':'));
    if (at == end || *at != ':')
        return false;
    l->entry->head_len = (uint16_t)(at - rest.at);
    value = ++at;
    for (; at != end && (unsigned char)(*at - '0') < 10; at++)
        number = number * 10 + (uint32_t)(*at - '0');
    l->number = number;
    l->plain = at - value < 10 && at != end && *at == '|';
    for (; at != end && *at != '|'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return false;
    if (at == end || at == value)
        return false;
    l->value.text = span_of(value, at);
    value = at + 1;
    at = copy(l, value, end, EACH('\n'));
    l->entry->tail_len = (uint16_t)(at - value);
    l->next = at == end ? end : at + 1;
    l->hash = l->hash * HASH_FACTOR >> 32;
    find(r, l);
    return at == end || *at == '\n';
}

/* The line was cut before what may have been forgotten since: then a gap stays before its entry. */
void recent_note(struct recent *r, const struct recent_line *l, double rate, uint32_t metric)
{
    uint32_t at = (uint32_t)((uint64_t *)l->entry - (uint64_t *)r->place);

    if (*l->place)
        return;
    r->full |= at + ENTRY_WORDS + l->words + LINE_WORDS > r->cap;
    if (r->full)
        return;
    l->entry->rate = rate;
    l->entry->metric = metric;
    *l->place = ((uint32_t)l->hash & ~AT_MASK) | at;
    r->used = at + (uint32_t)ENTRY_WORDS + l->words;
}
