/* The environment → what the program does. Pure: it is given the environment and says
 * what it has to say through a diag. */
#ifndef CONFIG_H
#define CONFIG_H

#include "config/variables.h"
#include "count/rules.h"
#include "output/http_request.h"
#include "output/output.h"

/* What tells Datadog's agent whose the points are; texts or NULL. */
struct origin {
    bool detected; /* find out which container this is */
    const char *external, *cardinality;
};

#define HOST_TEXT_MAX 256 /* of the system's name for the host, its NUL included */

struct config {
    struct values v;           /* interval_ms, host, … as they hold, foreign names considered */
    bool format_set, mtu_set;  /* SOCKPUSH_FORMAT is, SOCKPUSH_MTU is */
    const char *to_shown;      /* SOCKPUSH_TO without its secrets, where it is set */
    const char *to_from;       /* the variable that decided the destination, or "default" */
    const char *interval_from; /* likewise */
    const char *ports_from;
    const char *backend;         /* the one to use, or NULL: the best that works */
    const char *record, *replay; /* a recording's path, or NULL */
    const char *proc_foreign;    /* HOST_PROC, to be checked before it is used, or NULL */
    struct endpoint output[OUTPUTS_MAX];
    int n_outputs;
    struct tls_settings tls;   /* of all of them */
    struct http_settings http; /* likewise */
    struct rules rules;
    struct tags tags[TAG_LISTS_MAX];       /* of every series, highest precedence first */
    struct tags agent_tags[TAG_LISTS_MAX]; /* likewise, in formats for an agent */
    size_t n_tags;
    bool host_named; /* a variable names the host */
    char *host_text; /* HOST_TEXT_MAX bytes, the system's name for the host, which tags point to: it may change; NULL:
                        they have none of it */
    bool for_agent;  /* an output has a format for an agent */
    struct origin origin;
    struct arena arena; /* of everything above */
};

/* host_name: the system's, used where no variable names one; NULL: none. d->errors tells
 * if the configuration can be used. All is in c->arena. */
void config_read(struct config *c, env_list env, const char *host_name, struct diag *d);

/* Its larger parts, in this order. */
void config_read_tags(struct config *c, env_list env, const char *host_name, struct diag *d);
void config_read_outputs(struct config *c, env_list env, struct diag *d);
void config_read_tls(struct config *c, env_list env, struct diag *d);
void config_read_http(struct config *c, struct diag *d);

/* Checks path and query of an HTTP output, and finds the unit of its times. NULL, or why not. */
const char *config_http_path(struct endpoint *endpoint, struct arena *a);
void config_read_agent(struct config *c, env_list env, struct diag *d);

#endif
