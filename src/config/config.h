/* The configuration, parsed from the environment. Pure: errors and warnings are reported to
 * a diag. All memory is allocated from c->arena. */
#ifndef CONFIG_H
#define CONFIG_H

#include "base/needs.h"
#include "config/variables.h"
#include "count/rules.h"
#include "input/listener.h"
#include "output/http_request.h"
#include "output/output.h"
#include "output/url.h"

/* The origin of the points, for Datadog's agent; texts or NULL. */
struct origin {
    bool detected; /* the container's id is detected and sent */
    const char *external, *cardinality;
};

/* The output SOCKPUSH_TO=otlp, as OTEL_EXPORTER_OTLP_* set it up. */
struct otel {
    const struct endpoint *output; /* NULL: there is none */
    const char *from;              /* the variable that set its receiver, or "default" */
    const char *heeded;            /* the others that are heeded, ", A, B" or "" */
    struct tls_settings tls;
    struct http_settings http;
};

#define HOST_TEXT_MAX 256 /* bytes of the system's host name, NUL included */

struct config {
    struct values v;             /* after foreign variables are applied */
    bool format_set, mtu_set;    /* SOCKPUSH_FORMAT, SOCKPUSH_MTU is set */
    const char *to_shown;        /* SOCKPUSH_TO without its secrets */
    const char *to_from;         /* the variable that set the destination, or "default" */
    const char *to_port_from;    /* the variable that set its port, if that is another; or NULL */
    const char *host_from;       /* the variable that set the host tag, or "default" */
    const char *prefix_from;     /* the variable that set the prefix */
    const char *interval_from;   /* the variable that set the interval */
    const char *ports_from;      /* the variable that set the rules */
    const char *backend;         /* the backend to use, or NULL: the best that works */
    bool off;                    /* nothing is counted */
    bool top;                    /* set by the caller, after config_read: --top shows it on a terminal */
    const char *record, *replay; /* the path of a recording, or NULL */
    const char *notify;          /* NOTIFY_SOCKET: an absolute path, or an abstract name after @; or NULL */
    int64_t watchdog_us;         /* WATCHDOG_USEC; 0: it is unset, or no number */
    const char *proc_foreign;    /* HOST_PROC, to be checked before it is used, or NULL */
    struct endpoint output[OUTPUTS_MAX];
    int n_outputs;
    struct tls_settings tls;   /* for all outputs but otel.output */
    struct http_settings http; /* the same */
    struct otel otel;
    struct listen_item listen[LISTEN_MAX];
    int n_listen;
    struct rules rules;
    bool stays;                            /* root stays root */
    uint32_t uid, gid;                     /* whom root becomes otherwise */
    uint8_t pod_tags;                      /* bits of enum pod_tag */
    struct tags tags[TAG_LISTS_MAX];       /* for every series, highest precedence first */
    struct tags agent_tags[TAG_LISTS_MAX]; /* the same for an agent, with one more list */
    size_t n_tags;
    bool host_named; /* a variable names the host */
    char *host_text; /* the value of tag "host" if it is the system's name, which may change: HOST_TEXT_MAX bytes */
    bool for_agent;  /* an output has a format for an agent */
    struct origin origin;
    struct arena arena;
};

/* Reads the whole configuration; it is valid if d->errors is 0 then. host_name is the
 * system's, for the tag "host" where no variable names one, or NULL. */
void config_read(struct config *c, env_list env, const char *host_name, struct diag *d);

/* Parts of config_read, in this order. */
void config_read_tags(struct config *c, env_list env, const char *host_name, struct diag *d);
void config_read_outputs(struct config *c, env_list env, struct diag *d);
void config_read_tls(struct config *c, env_list env, struct diag *d);
void config_read_http(struct config *c, struct diag *d);
void config_read_otel(struct config *c, env_list env, struct diag *d);
void config_read_listen(struct config *c, struct diag *d);
void config_read_pods(struct config *c, struct diag *d);
void config_read_agent(struct config *c, env_list env, struct diag *d);
void config_read_user(struct config *c, struct diag *d);

/* Sets *out to what is opened, connected to and called once the program runs. pod_logs: the directory that names the
 * pods, or NULL. */
void config_needs(const struct config *c, const char *pod_logs, struct needs *out);

/* Checks path and query of an HTTP output, and sets its path and unit. whole: no path is "/", not the format's. Returns
 * NULL, or the error. */
const char *config_http_path(struct endpoint *endpoint, bool whole, struct arena *a);

/* Adds the headers "Name=value,Name2=value2", percent-encoded; list: that text, or NULL. d->foreign: blanks are
 * allowed, and a header that is set already stays. */
void config_add_headers(struct config *c, struct http_settings *http, const char *list, const char *variable,
                        struct diag *d);

/* Sets *url to the receiver of SOCKPUSH_TO=otlp. */
void config_otel_url(struct config *c, env_list env, struct diag *d, struct url *url);

#endif
