/* Whom root becomes, and what this configuration needs once the program runs. */
#include <string.h>

#include "base/ip.h"
#include "config/config.h"
#include "platform.h"

#define DNS_PORT 53

static void add_path(struct needs *out, enum need need, const char *path)
{
    if (!path || !platform_is_path(path) || out->n_paths == NEEDS_PATHS_MAX)
        return;
    out->path[out->n_paths].need = need;
    out->path[out->n_paths++].path = path;
}

static void add_port(struct needs *out, uint16_t port)
{
    for (unsigned i = 0; i < out->n_ports; i++)
        if (out->port[i] == port)
            return;
    out->port[out->n_ports++] = port;
}

/* Adds the files of certificates and keys; PEM text is no path. Without trusted ones, the system's are read. */
static void add_tls(struct needs *out, const struct tls_settings *tls)
{
    const char *trusted = tls->ca ? tls->ca : tls->system_ca;

    add_path(out, NEED_FILE, trusted);
    for (const char *const *bundle = platform_bundles; *bundle && !trusted; bundle++)
        add_path(out, NEED_PUBLIC, *bundle);
    add_path(out, NEED_FILE, tls->cert);
    add_path(out, NEED_FILE, tls->key);
}

/* Adds a receiver's port, if it is one of TCP. Returns true if the host is a name. */
static bool add_target(struct needs *out, const struct target *target, bool tcp)
{
    struct scoped_ip ip;

    if (tcp)
        add_port(out, target->port);
    return !ip_parse_scoped(target->host, strlen(target->host), &ip);
}

/* Adds what an output needs. Returns true if names are looked up for it. */
static bool add_output(struct needs *out, const struct endpoint *e)
{
    const struct transport *t = e->transport;
    bool names = false;

    if (t->has_host || transport_has_socket_path(t))
        out->parts |= (t->has_host ? PART_INET : PART_UNIX) | (t->shape == SHAPE_DATAGRAM ? 0 : PART_STREAM);
    if (transport_has_socket_path(t)) {
        out->parts |= *e->path == '@' ? PART_ABSTRACT : 0;
        add_path(out, NEED_SOCKET, e->path);
    }
    for (int i = 0; i < e->n_targets; i++)
        names |= add_target(out, &e->target[i], t->shape == SHAPE_STREAM);
    return names;
}

static bool has_tls(const struct config *c, const struct tls_settings *tls)
{
    for (int i = 0; i < c->n_outputs; i++)
        if (c->output[i].transport->has_tls && c->output[i].tls == tls)
            return true;
    return false;
}

static void add_listen(struct needs *out, const struct listen_item *item)
{
    out->parts |= item->kind == LISTEN_UNIXSTREAM ? PART_ACCEPT : PART_LISTEN;
    if (item->path && *item->path != '@') {
        out->parts |= PART_REMOVE;
        add_path(out, NEED_REMOVE, item->path);
    }
}

static void add_counting(const struct config *c, struct needs *out)
{
    out->proc = c->v.proc;
    add_path(out, NEED_TREE, c->v.proc);
    if (!c->off && !c->replay && (!c->backend || !strcmp(c->backend, "netlink")))
        out->parts |= PART_NETLINK;
    if (c->v.pid && c->rules.n && !c->off)
        out->parts |= PART_OWNERS;
    if (c->v.pods)
        out->parts |= PART_PODS;
    if (c->top)
        out->parts |= PART_TERMINAL;
}

/* Reads a number, which ends with the text or at the colon. Returns the text after it, or NULL. */
static const char *read_id(const char *text, uint32_t *out)
{
    uint64_t id = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9' && id < UINT32_MAX; at++)
        id = id * 10 + (unsigned)(*at - '0');
    *out = (uint32_t)id;
    return at == text || id >= UINT32_MAX ? NULL : at;
}

/* Reads SOCKPUSH_USER. The last number is no user: setresuid(2) takes it for "unchanged". */
void config_read_user(struct config *c, struct diag *d)
{
    const char *text = c->v.user ? c->v.user : "65534", *end;

    c->stays = !strcmp(text, "-");
    if (c->stays)
        return;
    end = read_id(text, &c->uid);
    c->gid = c->uid;
    if (end && *end == ':')
        end = read_id(end + 1, &c->gid);
    if (!end || *end)
        diag_error(d, "SOCKPUSH_USER", "\"%.60s\": accepted is a number, two as in 65534:65534, or -", text);
}

void config_needs(const struct config *c, const char *pod_logs, struct needs *out)
{
    bool names = false;

    *out = (struct needs){.parts = PART_ALL, .stays = c->stays, .uid = c->uid, .gid = c->gid};
    add_counting(c, out);
    add_path(out, NEED_TREE, pod_logs);
    out->parts |= c->notify ? PART_NOTIFY : 0;
    for (int i = 0; i < c->n_outputs; i++)
        names |= add_output(out, &c->output[i]);
    if (has_tls(c, &c->tls))
        add_tls(out, &c->tls);
    if (has_tls(c, &c->otel.tls))
        add_tls(out, &c->otel.tls);
    for (int i = 0; i < c->n_listen; i++)
        add_listen(out, &c->listen[i]);
    if (!names)
        return;
    add_path(out, NEED_PUBLIC, "/etc/hosts");
    add_path(out, NEED_PUBLIC, "/etc/resolv.conf");
    add_port(out, DNS_PORT);
}
