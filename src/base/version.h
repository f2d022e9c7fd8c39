/* The version and its date, set at a release. A clock before that date is wrong. The date is a constant, so that two
 * builds of the same source are the same bytes. */
#ifndef VERSION_H
#define VERSION_H

#define SOCKPUSH_VERSION       "0.1.0"
#define SOCKPUSH_BUILD_DATE_MS 1795305600000 /* 2026-11-22 */

#endif
