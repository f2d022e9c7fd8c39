/* The SOCKPUSH_* variables, one row each. Parsing, --help, --check and the tables of docs/configuration.md
 * (tests/lint/variables.sh) come from these rows. Pure; texts are allocated from an arena. */
#ifndef VARIABLES_H
#define VARIABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"

/* SOCKPUSH_QUEUES. */
enum queues { QUEUES_AUTO, QUEUES_ON, QUEUES_OFF };

/* SOCKPUSH_SANDBOX. */
enum sandbox { SANDBOX_ON, SANDBOX_OFF, SANDBOX_STRICT };

/* Parsed values. Texts are not empty, or NULL where unset. */
struct values {
    const char *to, *tags, *host, *prefix, *ports, *proc, *backend;
    const char *tls_ca, *tls_cert, *tls_key, *tls_name;
    const char *http_token, *http_headers;
    int64_t format; /* index in encoders */
    int64_t interval_ms, peak_ms, polls, max_series, mtu, buffer, replay_ms;
    int64_t count, kernel, pid, self, tls_verify; /* booleans; count: exact */
    int64_t queues;                               /* enum queues */
    int64_t pods;                                 /* enum pods_mode */
    int64_t max_pods, pods_ports;                 /* the second is a boolean */
    const char *pod_tags, *pod_logs;
    int64_t otlp_names; /* a boolean: semconv */
    int64_t log_style;  /* enum log_style */
    int64_t log_level;  /* enum log_level */
    int64_t sandbox;    /* enum sandbox */
    const char *user;
    const char *listen;
    int64_t listen_gauges; /* 0: delta, 1: absolute */
    int64_t listen_expiry_ms, listen_memory;
};

/* Properties of a variable's value; bits. */
enum form {
    FORM_TEXT = 1,   /* it is pushed, so it must be UTF-8 */
    FORM_LIST = 2,   /* it is a list, separated by commas */
    FORM_SECRET = 4, /* it is never shown */
};

/* The headings of --help and docs/configuration.md. */
enum group { GROUP_PUSH, GROUP_COUNT, GROUP_TAGS, GROUP_TLS, GROUP_HTTP, GROUP_LISTEN, GROUP_MORE };

extern const char group_name[][7];

/* A variable's value is a number if "read" is set, a word if "word" is set, else a text. */
struct variable {
    const char *name;                             /* "" ends the rows */
    const char *def;                              /* the default, parsed like a value unless that is a text */
    const char *meaning;                          /* for --help and docs; of a number, with its range */
    bool (*read)(const char *text, int64_t *out); /* parses a number */
    const char *(*word)(int64_t i);               /* returns the word whose value is i, or NULL after the last */
    int32_t min, max;                             /* of a number; max 0: no range */
    uint16_t offset;                              /* in struct values */
    uint8_t form;
    uint8_t group; /* enum group; rows of one group are adjacent */
    char unit[3];  /* of a number; --check prints it after the number */
};

/* Returns the text for --help and docs: the words, if any, and the meaning. */
const char *variable_help(const struct variable *v, struct arena *a);

/* The last two rows are of the log. */
extern const struct variable variables[];

/* The environment: "NAME=value" texts, NULL-terminated. */
typedef const char *const *env_list;

/* Returns the value of a row of variables or foreign, or NULL if it is unset or empty. White space around it is cut;
 * with FORM_TEXT, bytes that are not UTF-8 become "_". */
char *env_get(env_list env, const char *name, struct arena *a);

/* Warn of values that are probably mistakes, in one variable or in all rows: bytes that are not UTF-8, quotes around a
 * value, newlines in a list. */
void variables_check_text(env_list env, const char *name, unsigned form, struct arena *a, struct diag *d);
void variables_check_texts(env_list env, struct arena *a, struct diag *d);

/* Reads all rows, those of the log first: a report may use their values. Reports bad values as errors, and warns of
 * unknown SOCKPUSH_* names. */
void variables_read(env_list env, struct values *out, struct arena *a, struct diag *d);

#endif
