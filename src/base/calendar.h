/* The civil (Gregorian) calendar, from 1970 on. Months are 0 … 11, days 1 … 31. Pure. */
#ifndef CALENDAR_H
#define CALENDAR_H

#include <stdint.h>

/* Returns the days from 1970-01-01 to this date. */
int64_t calendar_days(int64_t year, int64_t month, int64_t day);

/* Finds the date that is days after 1970-01-01. */
void calendar_date(int64_t days, int64_t *year, int64_t *month, int64_t *day);

#endif
