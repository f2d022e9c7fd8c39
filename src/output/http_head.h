/* The head of an answer, of which a->line is the next line. For http_answer.c. Pure. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "output/http_answer.h"

/* Parses "HTTP/1.1 204 No Content". It accepts later minor versions, several blanks and statuses from 600 on (RFC 9110,
 * 2.5 and 15; RFC 9112, 4). Returns NULL, or what is wrong. */
const char *http_head_take_status(struct http_answer *a);

/* Parses "Name: value", and skips anything else. A line that begins with a blank continues the one before (RFC
 * 9112, 5.2); a blank before the colon is invalid (5.1). Both make the body's length doubtful. */
void http_head_take_field(struct http_answer *a);

/* Ends the head, after its empty line, and decides how the body is delimited. Returns NULL, or what is wrong. */
const char *http_head_end(struct http_answer *a);

#endif
