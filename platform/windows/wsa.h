/* What the files that call Winsock share. */
#ifndef WSA_H
#define WSA_H

#include <stdint.h>

/* An error of Winsock (WSAGetLastError) or of the system (GetLastError) as -errno. */
int wsa_errno(unsigned long code);

/* A UTF-8 text as UTF-16, NUL-terminated, at most cap units. The units, or 0: it does not fit, or is not UTF-8. */
int wide_of(const char *text, uint16_t *out, int cap);

#endif
