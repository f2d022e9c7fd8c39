/* The SOCKPUSH_* environment: one row a variable. Parsing, --help, --check and the
 * README's table come from these rows. Pure. */
#ifndef VARIABLES_H
#define VARIABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"

/* Values as they were read; texts are the arena's, never empty, NULL where unset. */
struct values {
    const char *to, *tags, *host, *prefix, *ports, *proc, *backend;
    const char *tls_ca, *tls_cert, *tls_key, *tls_name;
    const char *http_token, *http_headers;
    int64_t format; /* index in encoders */
    int64_t interval_ms, polls, max_series, mtu, buffer, replay_ms;
    int64_t pid, self, tls_verify; /* booleans */
    int64_t log_level;             /* enum log_level */
};

/* Properties of a variable's value; bits. */
enum form {
    FORM_TEXT = 1,   /* it is pushed, so it must be UTF-8 */
    FORM_LIST = 2,   /* of items with commas between */
    FORM_SECRET = 4, /* it is never shown */
};

struct variable {
    char name[22];       /* "": behind the last row */
    char def[16];        /* the default as text; of numbers and words it is read like a value */
    char unit[4];        /* of a number, as --check prints it behind */
    const char *meaning; /* --help and README; of a number, with what is accepted */
    bool (*read)(const char *text, int64_t *out); /* a number */
    int32_t min, max;
    const char *(*word)(int64_t i); /* a word: its index; NULL behind the last */
    uint16_t offset;                /* in struct values */
    uint8_t form;
};

/* What --help and the README say of it: its words, if any, and its meaning. */
const char *variable_help(const struct variable *v, struct arena *a);

/* Rows have read, or word, or neither: then the value is a text. All rows; a nameless one ends
 * them. */
extern const struct variable variables[];

/* The environment: "NAME=value" texts, NULL-terminated. */
typedef const char *const *env_list;

/* The value of name without white space around it, or NULL if unset or empty. Of what is to be pushed bytes that are no
 * UTF-8 are
 * "_". name is one of variables or foreign. */
char *env_get(env_list env, const char *name, struct arena *a);

/* Warns of values that are not what who set them meant: bytes that are no UTF-8, quotes around them, ends of lines in a
 * list. */
void variables_check_texts(env_list env, struct arena *a, struct diag *d);

/* Reads all rows; tells d of bad values and of unknown SOCKPUSH_* names. */
void variables_read(env_list env, struct values *out, struct arena *a, struct diag *d);

#endif
