/* What the unit tests share. */
#ifndef HELPER_H
#define HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/diag.h"
#include "count/rules.h"
#include "count/sock.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Of what is tried very often, one in so many is tried: the Makefile says 7 where all runs under an emulator. */
#ifndef ONE_IN
#define ONE_IN 1
#endif

/* Says which row of a table failed; cmocka alone names only the line. */
#define assert_row(good, row)              \
    do {                                   \
        if (!(good)) {                     \
            print_error("row: %s\n", row); \
            assert_true(good);             \
        }                                  \
    } while (0)

/* A diag that keeps what it is told. */
#define TOLD_MAX 200

struct logged {
    struct diag diag;
    struct {
        enum log_level level;
        char variable[80], message[512];
    } line[TOLD_MAX];
    unsigned n; /* more than TOLD_MAX are counted, not kept */
};

void logged_init(struct logged *t);
unsigned logged_count(const struct logged *t, enum log_level level);
/* True if a line of that level is about variable (NULL: any) and has part in its message. */
bool logged_has(const struct logged *t, enum log_level level, const char *variable, const char *part);
void logged_print(const struct logged *t);

/* A copy of bytes whose end is flush against a page that cannot be read; good until the next call.
 * At most 64 KiB. */
char *flush_copy(const void *bytes, size_t len);

/* Repeatable numbers: 0 … below-1. */
uint32_t any(uint32_t below);
void any_seed(uint64_t seed);

/* A new empty directory, and its removal with all that is in it. */
char *dir_make(void);
void dir_remove(char *dir);
/* Writes dir/name, making the directories on the way; link: name points there. */
void dir_put(const char *dir, const char *name, const void *bytes, size_t len);
void dir_put_text(const char *dir, const char *name, const char *text);
void dir_link(const char *dir, const char *name, const char *target);
void dir_unlink(const char *dir, const char *name);

/* A row as a backend emits it; address: as in rules, without brackets. */
struct sock sock_of(enum protocol protocol, const char *address, uint16_t port, enum tcp_state state, uint32_t inode);

/* Rules that must be good. */
void rules_of(struct rules *r, const char *text, struct arena *a);

/* bytes as C text with \n and \xNN, for messages and comparisons; the last four results stay. */
const char *visible(const char *bytes, size_t len);

#endif
