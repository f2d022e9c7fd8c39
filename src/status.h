/* The outputs' states, for who runs the service. Main thread only. */
#ifndef STATUS_H
#define STATUS_H

#include "program.h"

/* Logs one line for each output, whatever level is set: SIGUSR1 asks for them. */
void status_log(struct program *p);

/* Connects to the service manager that NOTIFY_SOCKET names, if it is set. Logs why that fails. Call it before the
 * sandbox, under which there may be no way to it. */
void status_open(struct program *p);

/* Reports to it that the main thread is alive, and the states, as sd_notify(3) has them. news: assignments that go
 * with them, such as "READY=1\n", for which it waits a moment if the manager's queue is full; or "". */
void status_notify(struct program *p, const char *news);

#endif
