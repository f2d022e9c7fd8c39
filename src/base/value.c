#include "base/value.h"

#include <stddef.h>
#include <strings.h>

struct unit {
    char name[4];
    int32_t factor; /* 0 ends the list */
};

/* Reads digits and moves *text past them. Returns false without digits or if they overflow. */
static bool read_digits(const char **text, int64_t *out)
{
    const char *at = *text;
    int64_t value = 0;

    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *at - '0', &value))
            return false;
    if (at == *text)
        return false;
    *text = at;
    *out = value;
    return true;
}

bool value_count(const char *text, int64_t *out)
{
    int64_t value;

    if (!read_digits(&text, &value) || *text)
        return false;
    *out = value;
    return true;
}

/* Returns the unit whose name is the len bytes at text, in any case, or NULL. */
static const struct unit *find_unit(const struct unit *units, const char *text, size_t len)
{
    for (; units->factor; units++)
        if (len < sizeof units->name && !strncasecmp(units->name, text, len) && !units->name[len])
            return units;
    return NULL;
}

static size_t unit_len(const char *text)
{
    size_t len = 0;

    while (text[len] && (text[len] < '0' || text[len] > '9'))
        len++;
    return len;
}

bool value_duration_ms(const char *text, int64_t *out)
{
    static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"", 0}};
    int64_t sum = 0;

    do {
        const struct unit *unit;
        int64_t value;

        if (!read_digits(&text, &value))
            return false;
        unit = find_unit(units, text, unit_len(text));
        if (!unit || __builtin_mul_overflow(value, unit->factor, &value) || __builtin_add_overflow(sum, value, &sum))
            return false;
        text += unit_len(text);
    } while (*text);
    *out = sum;
    return true;
}

bool value_size(const char *text, int64_t *out)
{
    static const struct unit units[] = {{"", 1},       {"b", 1},         {"kb", 1000}, {"mb", 1000000},
                                        {"kib", 1024}, {"mib", 1048576}, {"", 0}};
    const struct unit *unit;
    int64_t value;

    if (!read_digits(&text, &value))
        return false;
    unit = find_unit(units, text, unit_len(text));
    if (!unit || text[unit_len(text)] || __builtin_mul_overflow(value, unit->factor, &value))
        return false;
    *out = value;
    return true;
}

bool value_bool(const char *text, int64_t *out)
{
    static const char words[][6] = {"off", "on", "false", "true", "no", "yes", "0", "1"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(text, words[i])) {
            *out = i & 1;
            return true;
        }
    return false;
}
