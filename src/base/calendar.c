#include "base/calendar.h"

/* Days from 0000-03-01 to 1970-01-01. A year begins in March here, so that the leap day is its last. */
#define DAYS_0_TO_1970 719468

int64_t calendar_days(int64_t year, int64_t month, int64_t day)
{
    month = (month + 10) % 12;
    year -= month >= 10;
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - DAYS_0_TO_1970;
}

void calendar_date(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    *year = 1970 + days / 366;
    while (calendar_days(*year + 1, 0, 1) <= days)
        ++*year;
    for (*month = 0; *month < 11 && calendar_days(*year, *month + 1, 1) <= days; ++*month)
        ;
    *day = days - calendar_days(*year, *month, 1) + 1;
}
