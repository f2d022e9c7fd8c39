/* Reads a date of HTTP. It must be the one that the C library makes of the same numbers, and be the same again when it
 * is written in the preferred form. */
#include <string.h>
#include <time.h>

#include "base/calendar.h"
#include "fuzz/fuzz.h"
#include "output/http_date.h"

static void write_again(int64_t date)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t year, month, day, second = date % 86400;
    char text[64];

    calendar_date(date / 86400, &year, &month, &day);
    MUST(month >= 0 && month < 12 && day >= 1 && day <= 31);
    snprintf(text, sizeof text, "Sun, %02d %.3s %04d %02d:%02d:%02d GMT", (int)day, months + 3 * month, (int)year,
             (int)second / 3600, (int)second / 60 % 60, (int)second % 60);
    MUST(year > 9999 || http_date_read(text) == date);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size), month[4];
    int64_t date = http_date_read(text);
    struct tm tm = {0};

    if (date > 0) {
        static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

        MUST(sscanf(text + strcspn(text, " "), " %2d %3c %4d %2d:%2d:%2d", &tm.tm_mday, month, &tm.tm_year, &tm.tm_hour,
                    &tm.tm_min, &tm.tm_sec) == 6);
        while (strncmp(names[tm.tm_mon], month, 3) != 0)
            tm.tm_mon++;
        tm.tm_year -= 1900;
        MUST(timegm(&tm) == date);
        write_again(date);
    }
    free(text);
    return 0;
}
