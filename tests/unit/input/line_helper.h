/* Lines as text, for tables. */
#ifndef LINE_HELPER_H
#define LINE_HELPER_H

#include <stdint.h>

#include "input/line.h"

/* Parses a line that ends at a page that cannot be read, and returns it in words, valid until the next call, or why it
 * is refused:
 *
 *   a:1:2|c|@0.5|#k:v,k:,t|T1    a c=1@0.5 c=2@0.5 #k=v #k= #t timed
 *   _sc|a|0                      a check
 */
const char *line_in_words(const char *text, size_t len);

/* Return a random text of up to max bytes, without those in no, and a random number. The last eight of each stay valid.
 */
const char *line_any_text(uint32_t max, const char *no);
const char *line_any_number(void);

#endif
