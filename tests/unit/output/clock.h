/* Time for tests of delivery, linked in place of platform/posix/clock.c.
 *
 * Time stands still until the test moves it. The output's thread works with real sockets: its wait ends at once when
 * a descriptor is ready, and by its time limit only when the test moves the time that far. The test does so only
 * while the thread rests: it waits, and no event that it waits for has come. So the load of the machine changes
 * nothing.
 *
 * At most one thread waits at a time. Bytes over TCP may arrive after the call that sent them: clock_arrived waits
 * for them. */
#ifndef CLOCK_H
#define CLOCK_H

#include "output/output.h"

#define MS     ((uint64_t)1000000)
#define SECOND (1000 * MS)

/* Returns when the output's thread rests or has ended. */
void clock_rest(struct output *o);

/* Moves the time by ns. Everything that the thread does meanwhile happens at its time. */
void clock_pass(struct output *o, uint64_t ns);

/* Moves the time until the thread's present wait ends by its limit. Returns false if the wait has no limit, or the
 * thread has ended. */
bool clock_step(struct output *o);

/* Returns once the peer's kernel has everything that was sent through this TCP socket, the end included. */
void clock_arrived(int fd);

#endif
