/* The outputs' states, for who runs the service. Main thread only. */
#ifndef STATUS_H
#define STATUS_H

#include "program.h"

/* Logs one line for each output, whatever level is set: SIGUSR1 asks for them. */
void status_log(struct program *p);

/* Connects to the service manager that NOTIFY_SOCKET names; config.notify is set. Logs why that fails. Call it before
 * the sandbox, under which there may be no way to it. */
void status_open(struct program *p);

/* Reports to it that the main thread is alive, and the states, as sd_notify(3) has them; notify_fd is open. The first
 * report that arrives also has READY=1. stops: the program ends. The first and the last wait a moment if the manager's
 * queue is full. */
void status_notify(struct program *p, bool stops);

#endif
