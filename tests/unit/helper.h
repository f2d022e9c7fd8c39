/* Helpers that the unit tests share. */
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

/* Loops with very many cases run one in ONE_IN of them. The Makefile sets 7 where the tests run under an emulator. */
#ifndef ONE_IN
#define ONE_IN 1
#endif

/* Prints which row of a table failed, because cmocka prints only the line. */
#define assert_row(good, row)              \
    do {                                   \
        if (!(good)) {                     \
            print_error("row: %s\n", row); \
            assert_true(good);             \
        }                                  \
    } while (0)

/* A diag that keeps its messages. */
#define LOGGED_MAX 200

struct logged {
    struct diag diag;
    struct {
        enum log_level level;
        char variable[80], message[512];
    } line[LOGGED_MAX];
    unsigned n; /* counts those after LOGGED_MAX, too */
};

void logged_init(struct logged *t);
unsigned logged_count(const struct logged *t, enum log_level level);
/* Returns whether a line of that level names variable (NULL: any) and has part in its message. */
bool logged_has(const struct logged *t, enum log_level level, const char *variable, const char *part);
void logged_print(const struct logged *t);

/* Returns a copy of bytes that ends at a page that cannot be read, valid until the next call. At most 64 KiB. */
char *flush_copy(const void *bytes, size_t len);

/* Returns a repeatable random number from 0 to below - 1. */
uint32_t any(uint32_t below);
void any_seed(uint64_t seed);

/* Makes a new empty directory, or removes it with its content. */
char *dir_make(void);
void dir_remove(char *dir);
/* Writes dir/name and makes the directories on its path. dir_link makes a link to target there. */
void dir_put(const char *dir, const char *name, const void *bytes, size_t len);
void dir_put_text(const char *dir, const char *name, const char *text);
void dir_link(const char *dir, const char *name, const char *target);
void dir_unlink(const char *dir, const char *name);

/* Returns a row as a backend emits it. The address is written as in rules, without brackets. */
struct sock sock_of(enum protocol protocol, const char *address, uint16_t port, enum tcp_state state, uint32_t inode);

/* Sets the remote side of such a row. */
void connect_to(struct sock *s, const char *address, uint16_t port);

/* Parses rules, which must be valid. */
void rules_of(struct rules *r, const char *text, struct arena *a);

/* Returns bytes as C text with \n and \xNN, for messages and comparisons. The last four results stay valid. */
const char *visible(const char *bytes, size_t len);

#endif
