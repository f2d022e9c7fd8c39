/* Logs an output's trouble when it begins, when its reason changes, and when it is over, instead of every error. A
 * struct trouble belongs to one thread; others may call trouble_read. */
#ifndef TROUBLE_H
#define TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

#define TROUBLE_WHY_MAX 256 /* bytes, NUL included */

struct trouble {
    bool lasts;
    bool reported;              /* logged at a level that is shown by default */
    bool cost;                  /* the loss of lines is logged for this event */
    uint64_t began_ns, errors;  /* since it began this time */
    uint64_t event_ns, over_ns; /* start and last end of the event; trouble that comes back soon belongs to it */
    unsigned reasons;           /* number of reasons logged */
    char why[TROUBLE_WHY_MAX];  /* start of the last reason */
};

/* Notes an error of this output: what failed, why, and what follows. costs: lines are lost, which is logged once for
 * each event even if nothing else is. */
void trouble_note(struct trouble *t, const char *output, const char *what, const char *why, const char *then,
                  bool costs);

/* Notes that the output works again: `how`, after so many of `what`. */
void trouble_over(struct trouble *t, const char *output, const char *how, const char *what);

/* Reads since when it lasts, and copies the last reason. Returns false if it does not last. Any thread. */
bool trouble_read(const struct trouble *t, uint64_t *began_ns, char why[TROUBLE_WHY_MAX]);

#endif
