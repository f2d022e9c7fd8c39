/* The pods in a poll: SOCKPUSH_PODS. */
#include <errno.h>
#include <string.h>

#include "base/format.h"
#include "base/log.h"
#include "program.h"

void program_init_pods(struct program *p)
{
    struct config *c = &p->config;
    const char *end = strrchr(c->v.proc, '/');
    const struct pods_want want = {
        .proc = c->v.proc,
        .logs = c->v.pod_logs ? c->v.pod_logs
                              : arena_format(&c->arena, "%.*s/var/log/pods", (int)(end - c->v.proc), c->v.proc),
        .tags = c->pod_tags,
        .full = c->v.pods == PODS_FULL,
        .all = c->off,
        .marks_ends = p->tally.marks_ends,
        .rules = c->v.pods_ports && c->rules.n ? &c->rules : NULL,
        .max_ports = (uint32_t)c->v.max_series,
        .max = (uint32_t)c->v.max_pods,
        .interval_ms = (uint64_t)c->v.interval_ms};

    pods_init(&p->pods, &want, &c->arena);
}

/* Logs once that namespaces are left out. */
static void note_left_out(struct program *p)
{
    if (p->logged_pods)
        return;
    if (p->pods.unseen)
        log_event(LOG_WARN, NULL, NULL,
                  "more network namespaces than SOCKPUSH_MAX_PODS=%u, with those that ended lately: untracked_pods "
                  "counts the others",
                  p->pods.want.max);
    else if (p->pods.n_processes == PROCESSES_MAX)
        log_event(LOG_WARN, NULL, NULL, "more than %u processes: pods of those with higher pids are left out",
                  PROCESSES_MAX);
    else
        return;
    p->logged_pods = true;
}

/* Logs once that ports are left out. */
static void note_ports(struct program *p)
{
    if (!p->pods.ports || !p->pods.ports->overflowed || p->logged_pod_ports)
        return;
    p->logged_pod_ports = true;
    log_event(LOG_WARN, NULL, NULL,
              "more than SOCKPUSH_MAX_SERIES=%u port series of pods: the rest is counted in addr_port=other, of no pod",
              p->pods.want.max_ports);
}

/* Logs once that pods stay without names. Where the default directory is absent, there is no kubelet. */
static void note_logs(struct program *p)
{
    int error = p->pods.logs_error;

    if (p->logged_pod_logs || !error || (error == -ENOENT && !p->config.v.pod_logs))
        return;
    log_event(LOG_WARN, "variable", "SOCKPUSH_POD_LOGS",
              "\"%.200s\" cannot be listed: %s: pods have no names until it can", p->pods.want.logs,
              platform_error_text(-error));
    p->logged_pod_logs = true;
}

const char *program_pods(const struct program *p, char out[PODS_TEXT_MAX])
{
    unsigned found = 0, named = 0;

    if (p->pods.error) {
        text_format(out, PODS_TEXT_MAX, "the processes below %.200s cannot be listed: %s", p->pods.want.proc,
                    platform_error_text(-p->pods.error));
        return out;
    }
    for (uint32_t i = 0; i < p->pods.n_views; i++) {
        found += p->pods.view[i].name_space != 0;
        named += *p->pods.view[i].pod_name != '\0';
    }
    text_format(out, PODS_TEXT_MAX,
                "%u network namespaces of %u processes below %.200s, %u with a pod's name from %.200s", found,
                p->pods.n_processes, p->pods.want.proc, named, p->pods.want.logs);
    return out;
}

void program_read_pods(struct program *p, uint64_t start_ns, int64_t time_ms)
{
    pods_poll(&p->pods, start_ns / 1000000, time_ms, p->lines.data);
    note_left_out(p);
    note_ports(p);
    note_logs(p);
}
