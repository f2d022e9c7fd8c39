/* The civil calendar, from 1970 on. Pure. */
#ifndef CALENDAR_H
#define CALENDAR_H

#include <stdint.h>

/* Returns the days from 1970-01-01 to this date. month: 0 … 11. */
int64_t calendar_days(int64_t year, int64_t month, int64_t day);

/* The date so many days after 1970-01-01. *month: 0 … 11. */
void calendar_date(int64_t days, int64_t *year, int64_t *month, int64_t *day);

#endif
