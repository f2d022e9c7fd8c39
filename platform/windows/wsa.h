/* Shared by the files that call Winsock. */
#ifndef WSA_H
#define WSA_H

#include <stdint.h>

/* Returns -errno for an error of Winsock (WSAGetLastError) or the system (GetLastError). */
int wsa_errno(unsigned long code);

/* Converts UTF-8 to UTF-16, NUL-terminated, at most cap units. Returns the units, or 0 if it does not fit or is not
 * UTF-8. */
int wide_of(const char *text, uint16_t *out, int cap);

#endif
