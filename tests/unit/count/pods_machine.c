#include "unit/count/pods_machine.h"

#include <errno.h>
#include <string.h>

#include "unit/helper.h"

struct pods_machine m;

struct process *machine_process(int pid)
{
    for (unsigned i = 0; i < m.n; i++)
        if (m.process[i].pid == pid)
            return &m.process[i];
    return NULL;
}

int platform_process_walk(const char *proc, platform_process_fn *fn, void *ctx)
{
    assert_string_equal(proc, "/host/proc");
    m.looks++;
    for (unsigned i = 0; i < m.n && !m.error; i++)
        fn(ctx, m.process[i].pid, m.process[i].mark);
    return m.error;
}

uint64_t platform_namespace(const char *proc, int pid)
{
    const struct process *p = machine_process(pid);

    (void)proc;
    return !pid ? COUNTED : p ? p->name_space : 0;
}

bool platform_pod_identity(const char *proc, int pid, uint64_t mark, struct pod_identity *out)
{
    const struct process *p = machine_process(pid);

    (void)proc;
    if (!p || p->mark != mark)
        return false;
    m.identities++;
    *out = p->identity;
    return true;
}

static int emit_sockets(const struct process *p, platform_sock_fn *emit, void *ctx)
{
    for (unsigned i = 0; i < m.n_socks; i++) {
        if (m.cut && i == m.cut) {
            m.cut = 0;
            machine_end(p->pid);
            return -ESRCH;
        }
        if (m.place[i] == p->name_space)
            emit(ctx, &m.sock[i], 1);
    }
    return 0;
}

int platform_pod_read(const char *proc, int pid, uint64_t mark, uint64_t name_space, unsigned depth, char *buf,
                      platform_sock_fn *emit, void *ctx, struct pod_reading *out)
{
    const struct process *p = machine_process(pid);

    (void)proc, (void)buf;
    if (!p || p->mark != mark || p->name_space != name_space)
        return -ESRCH;
    if (m.read_error)
        return m.read_error;
    m.depth[depth]++;
    *out = m.reading[name_space - COUNTED];
    if (depth == POD_COUNTERS)
        out->family[0].count[STATE_LISTEN] = out->family[0].accept_queue = 0;
    return depth == POD_PORTS ? emit_sockets(p, emit, ctx) : 0;
}

static int by_pid(const void *a, const void *b)
{
    return ((const struct process *)a)->pid - ((const struct process *)b)->pid;
}

struct process *machine_run(int pid, uint64_t name_space, const char *uid, const char *container)
{
    static uint64_t mark;
    struct process *p = &m.process[m.n++];

    memset(p, 0, sizeof *p);
    p->pid = pid;
    p->mark = ++mark;
    p->name_space = name_space;
    strcpy(p->identity.uid, uid);
    strcpy(p->identity.container, container);
    p->identity.by_id = *container;
    p->identity.started = (uint64_t)pid;
    qsort(m.process, m.n, sizeof *m.process, by_pid);
    return machine_process(pid);
}

void machine_end(int pid)
{
    struct process *p = machine_process(pid);

    memmove(p, p + 1, (size_t)(&m.process[m.n] - p - 1) * sizeof *p);
    m.n--;
}

struct pod_reading *machine_reading(uint64_t name_space)
{
    return &m.reading[name_space - COUNTED];
}

void machine_count(uint64_t name_space, uint64_t sockets, uint64_t retransmitted)
{
    struct pod_reading *r = machine_reading(name_space);

    r->family[0].tcp_inuse = sockets;
    r->kernel.known = 1u << RETRANS_SEGS;
    r->kernel.n[RETRANS_SEGS] = retransmitted;
}

void machine_socket(uint64_t name_space, struct sock s)
{
    m.sock[m.n_socks] = s;
    m.place[m.n_socks++] = name_space;
}

void machine_begin(uint32_t max, uint8_t tags, const char *logs, const char *rules)
{
    struct pods_want want = {.proc = "/host/proc",
                             .logs = logs,
                             .tags = tags,
                             .max = max,
                             .interval_ms = 10000,
                             .full = rules,
                             .rules = rules ? &m.rules : NULL,
                             .max_ports = 100};

    memset(&m, 0, sizeof m);
    m.now_ms = 5;
    if (rules)
        rules_of(&m.rules, rules, &m.arena);
    pods_init(&m.pods, &want, &m.arena);
    machine_run(1, COUNTED, "", "");
}

void poll_after(uint64_t ms)
{
    m.now_ms += ms;
    pods_poll(&m.pods, m.now_ms, (int64_t)m.now_ms, NULL);
}

struct pod_series *series_with(enum pod_tag tag, const char *text)
{
    struct pod_series *found = NULL;

    for (uint32_t i = 0; i < m.pods.n_series; i++)
        if (m.pods.series[i].live && !strcmp(pod_text(&m.pods.series[i].text, tag), text)) {
            assert_null(found);
            found = &m.pods.series[i];
        }
    return found;
}
