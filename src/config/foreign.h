/* Variables of other programs that are read, too, one row each. Parsing, --help and the README's table agree with these
 * rows (tests/lint/foreign_names.sh). */
#ifndef FOREIGN_H
#define FOREIGN_H

#include <stdint.h>

struct foreign {
    char name[29];  /* "" ends the rows */
    uint8_t form;   /* enum form, variables.h */
    const char *of; /* the setting, such as "destination"; its rows are in order of precedence */
};

extern const struct foreign foreign[];

/* Returns the first row of this setting at f or after it, or the row whose name is "". */
const struct foreign *foreign_next(const struct foreign *f, const char *of);

#endif
