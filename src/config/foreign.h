/* Names of other programs that are read, too: one row each. Parsing, --help and the README's table of them agree with
 * these rows (tests/lint/foreign_names.sh). */
#ifndef FOREIGN_H
#define FOREIGN_H

#include <stdint.h>

struct foreign {
    char name[29];  /* "": after the last row */
    uint8_t form;   /* enum form, variables.h */
    const char *of; /* what it says, where nothing before it does: "destination". Rows with the same are in the order of
                       precedence */
};

extern const struct foreign foreign[];

/* The first row that says this, at f or after it; or the row after the last. */
const struct foreign *foreign_next(const struct foreign *f, const char *of);

#endif
