#include "output/http_date.h"

#include <string.h>

#include "base/calendar.h"
#include "base/text.h"

bool http_number_read(const char **text, int max, uint64_t *out)
{
    int n = 0;

    for (*out = 0; **text >= '0' && **text <= '9' && n < max; ++*text, n++)
        *out = *out * 10 + (uint64_t)(**text - '0');
    return n > 0;
}

static bool take_char(const char **text, char c)
{
    bool is = **text == c;

    *text += is;
    return is;
}

/* Parses "Jan" as 0 and so on. */
static bool take_month(const char **text, int64_t *out)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (*out = 0; *out < 12; ++*out)
        if (!strncmp(*text, months + 3 * *out, 3)) {
            *text += 3;
            return true;
        }
    return false;
}

int64_t http_date_read(const char *text)
{
    uint64_t day, year, hour, minute, second;
    int64_t month;

    text += text_until(text, " ");
    if (!take_char(&text, ' ') || !http_number_read(&text, 2, &day) || !take_char(&text, ' ') ||
        !take_month(&text, &month) || !take_char(&text, ' ') || !http_number_read(&text, 4, &year) ||
        !take_char(&text, ' ') || !http_number_read(&text, 2, &hour) || !take_char(&text, ':') ||
        !http_number_read(&text, 2, &minute) || !take_char(&text, ':') || !http_number_read(&text, 2, &second))
        return 0;
    return ((calendar_days((int64_t)year, month, (int64_t)day) * 24 + (int64_t)hour) * 60 + (int64_t)minute) * 60 +
           (int64_t)second;
}
