/* Finds the network namespaces: one walk of the processes, and a look at each new one. */
#include <string.h>

#include "base/format.h"
#include "count/pods.h"
#include "platform.h"

/* A process may enter its namespace after it was seen first, as those of a new container do. So each one is looked at
 * once more in the next look, and then in each of so many. The first one of each namespace is, too: one that visited it
 * and left keeps it alive no longer. */
#define AGAIN 64

struct walk {
    struct pods *p;
    uint32_t before; /* the next of those of the look before */
};

static bool is_view(uint32_t view)
{
    return view < VIEW_NONE;
}

static uint64_t number_of(const struct pods *p, uint32_t view)
{
    return view == VIEW_COUNTED ? p->counted : is_view(view) ? p->view[view].name_space : 0;
}

/* Returns true if it has to be seen that the process is still where it was. */
static bool is_doubtful(const struct pods *p, const struct pod_process *process, uint32_t view)
{
    return process->young || (is_view(view) && !p->view[view].alive) ||
           ((uint32_t)process->pid + p->looks) % AGAIN == 0;
}

/* A platform_process_fn: notes the process, with its namespace if that is known from the look before. */
static void note_process(void *ctx, int pid, uint64_t mark)
{
    struct walk *w = ctx;
    struct pods *p = w->p;
    const struct pod_process *old = p->before;
    struct pod_process *process = &p->process[p->n_processes];

    if (p->n_processes == PROCESSES_MAX)
        return;
    while (w->before < p->n_before && old[w->before].pid < pid)
        w->before++;
    old += w->before;
    *process = (struct pod_process){.pid = pid, .view = VIEW_NONE, .young = 2, .mark = mark};
    p->n_processes++;
    if (w->before == p->n_before || old->pid != pid || old->mark != mark)
        return;
    process->young = old->young >> 1;
    if (is_doubtful(p, process, old->view) && number_of(p, old->view) &&
        platform_namespace(p->want.proc, pid) != number_of(p, old->view))
        return;
    process->view = old->view;
    if (is_view(old->view))
        p->view[old->view].alive = true;
}

/* --- namespaces -------------------------------------------------------------------- */

static void end_view(struct pod_view *v)
{
    pods_leave(v);
    memset(v, 0, sizeof *v);
}

static void leave_out(struct pods *p, uint64_t number)
{
    for (uint32_t i = 0; i < p->left_out; i++)
        if (p->left_out_number[i] == number)
            return;
    if (p->left_out < PODS_LEFT_OUT_MAX)
        p->left_out_number[p->left_out++] = number;
}

/* Returns the place of a namespace, or a free one, or NULL. */
static struct pod_view *place_of(struct pods *p, uint64_t number)
{
    struct pod_view *free = p->n_views < p->want.max ? &p->view[p->n_views] : NULL;

    for (uint32_t i = p->n_views; i--;) {
        if (p->view[i].name_space == number)
            return &p->view[i];
        if (!p->view[i].name_space)
            free = &p->view[i];
    }
    return free;
}

static bool same_owner(const struct pod_identity *a, const struct pod_identity *b)
{
    return (*a->uid || *a->container) && !strcmp(a->uid, b->uid) && !strcmp(a->container, b->container);
}

/* Finds the namespace of a process that was not known. One whose processes are all gone is another, unless this process
 * is of the same container. */
static void place(struct pods *p, struct pod_process *process)
{
    uint64_t number = platform_namespace(p->want.proc, process->pid);
    struct pod_identity owner;
    struct pod_view *v;

    if (!number)
        return;
    if (number == p->counted) {
        process->view = VIEW_COUNTED;
        return;
    }
    v = place_of(p, number);
    if (v && v->name_space && !v->alive &&
        !(platform_pod_identity(p->want.proc, process->pid, process->mark, &owner) && same_owner(&owner, &v->owner)))
        end_view(v);
    if (!v) {
        leave_out(p, number);
        return;
    }
    p->n_views += v == &p->view[p->n_views];
    v->name_space = number;
    v->alive = true;
    process->view = (uint32_t)(v - p->view) & VIEW_COUNTED;
}

/* --- names ------------------------------------------------------------------------- */

/* Process 1 has the last word: it is the node's, whose namespace some pods share. A sandbox and a virtual machine only
 * tell where no one else does. */
static unsigned worth(const struct pod_identity *i, int pid)
{
    if (pid == 1)
        return 5;
    if (!*i->container)
        return !i->guest && !i->sandbox;
    return i->sandbox ? 2 : i->guest ? 3 : 4;
}

/* Takes the process' word for whose the namespace is, if it is the best so far: that of a container, of the pod's
 * sandbox only if there is no other, and of several the oldest. */
static void ask_owner(struct pods *p, struct pod_view *v, const struct pod_process *process)
{
    struct pod_identity one;
    unsigned before = worth(&v->owner, v->owner_pid), now;

    if (!platform_pod_identity(p->want.proc, process->pid, process->mark, &one))
        return;
    now = worth(&one, process->pid);
    if (v->owner_pid && v->owner_pid != process->pid &&
        (now < before || (now == before && one.started >= v->owner.started)))
        return;
    if (strcmp(v->owner.uid, one.uid)) /* it is another pod's */
        *v->pod_space = *v->pod_name = '\0';
    v->owner_pid = process->pid;
    v->owner = one;
}

/* A platform_name_fn: gives the pod's name to the namespaces of its UID. */
static void name_pod(void *ctx, const char *entry)
{
    struct pods *p = ctx;
    struct pod_name n;

    if (!pod_name_parse(entry, &n))
        return;
    for (uint32_t i = 0; i < p->n_views; i++) {
        struct pod_view *v = &p->view[i];

        if (v->name_space && strlen(v->owner.uid) == n.uid_len && !memcmp(v->owner.uid, n.uid, n.uid_len)) {
            text_format(v->pod_space, sizeof v->pod_space, "%.*s", (int)n.name_space_len, n.name_space);
            text_format(v->pod_name, sizeof v->pod_name, "%.*s", (int)n.name_len, n.name);
        }
    }
}

/* --- the look ----------------------------------------------------------------------- */

/* Finds, for each namespace, the process that it is read through, and whether its owner is still there. */
static void choose_processes(struct pods *p)
{
    for (uint32_t i = p->n_processes; i--;) {
        const struct pod_process *process = &p->process[i];
        struct pod_view *v;

        if (!is_view(process->view))
            continue;
        v = &p->view[process->view];
        v->process = i;
        v->named |= process->pid == v->owner_pid && process->young < 2;
    }
}

static void name_views(struct pods *p)
{
    bool nameless = false;

    for (uint32_t i = 0; i < p->n_views; i++)
        if (p->view[i].name_space && !p->view[i].named)
            p->view[i].owner_pid = 0;
    for (uint32_t i = 0; i < p->n_processes; i++) {
        const struct pod_process *process = &p->process[i];

        if (is_view(process->view) && (process->young || !p->view[process->view].named))
            ask_owner(p, &p->view[process->view], process);
    }
    for (uint32_t i = 0; i < p->n_views; i++)
        nameless |= *p->view[i].owner.uid && !*p->view[i].pod_name;
    if (nameless || p->looks == 1) /* the first look tells whether there are names at all */
        p->logs_error = platform_directory_walk(p->want.logs, name_pod, p);
}

static void exchange(struct pods *p)
{
    struct pod_process *process = p->process;
    uint32_t n = p->n_processes;

    p->process = p->before;
    p->n_processes = p->n_before;
    p->before = process;
    p->n_before = n;
}

void pods_look(struct pods *p)
{
    struct walk w = {.p = p};

    exchange(p);
    p->n_processes = p->left_out = 0;
    p->counted = p->want.all ? 0 : platform_namespace(p->want.proc, 0);
    p->looks++;
    p->looked = true;
    p->lost = false;
    p->looked_ms = p->now_ms;
    for (uint32_t i = 0; i < p->n_views; i++)
        p->view[i].alive = p->view[i].named = false;
    p->error = platform_process_walk(p->want.proc, note_process, &w);
    if (p->error) {
        exchange(p);
        return;
    }
    for (uint32_t i = 0; i < p->n_processes; i++)
        if (p->process[i].view == VIEW_NONE)
            place(p, &p->process[i]);
    for (uint32_t i = 0; i < p->n_views; i++)
        if (p->view[i].name_space && !p->view[i].alive)
            end_view(&p->view[i]);
    choose_processes(p);
    name_views(p);
    for (uint32_t i = 0; i < p->n_views; i++)
        if (p->view[i].owner.guest) /* its sockets are not this kernel's: zeros would be untrue */
            pods_leave(&p->view[i]);
        else if (p->view[i].name_space)
            pods_assign(p, &p->view[i]);
    pods_note_origins(p);
}
