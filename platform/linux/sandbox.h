/* Parts of the sandbox. Each appends what is in force, or why it is not, as ", seccomp of 58 calls". Returns false if
 * it is not. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "base/buf.h"
#include "base/needs.h"

/* Makes root another user, and drops the capabilities that nothing needs. *looks: the program looks into other
 * processes for their sockets; set if it has to, only to see them. */
bool sandbox_user(const struct needs *needs, bool *looks, struct buf *out);

/* Restricts files, TCP ports, signals and abstract Unix sockets by Landlock, unless the program looks into other
 * processes. */
bool sandbox_landlock(const struct needs *needs, bool looks, struct buf *out);

#endif
