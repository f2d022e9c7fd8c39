/* Trouble of an output is reported when it begins, when something else is in the way, and when it is over; not each
 * error. */
#ifndef TROUBLE_H
#define TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

struct trouble {
    bool lasts;
    bool reported;              /* at a level that is shown by default */
    bool cost;                  /* that it costs lines is logged, of this event */
    uint64_t began_ns, errors;  /* of this time */
    uint64_t event_ns, over_ns; /* when it came first, and was over last: what comes back soon is the same */
    unsigned reasons;           /* so many are logged */
    char why[256];              /* the beginning of the last of them */
};

/* Notes an error of this output: what failed, why, and what follows from it. costs: lines are lost by it, which is
 * logged once of each event, whatever else was logged. */
void trouble_note(struct trouble *t, const char *output, const char *what, const char *why, const char *then,
                  bool costs);

/* Notes that it works again: in words how, and of what there were so many. */
void trouble_over(struct trouble *t, const char *output, const char *how, const char *what);

#endif
