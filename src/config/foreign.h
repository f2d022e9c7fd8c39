/* Variables of other programs that are read, too, one row each. Parsing, --help and docs/configuration.md agree with
 * these rows (tests/lint/foreign_names.sh). */
#ifndef FOREIGN_H
#define FOREIGN_H

#include <stdint.h>

struct foreign {
    const char *name; /* "" ends the rows; "A_*": otel.c has the names that begin so */
    const char *of;   /* the variable that it replaces, or its other use; its rows are in order of precedence */
    uint8_t form;     /* enum form, variables.h */
};

extern const struct foreign foreign[];

/* Returns the first row of this setting at f or after it, or the row whose name is "". */
const struct foreign *foreign_next(const struct foreign *f, const char *of);

#endif
