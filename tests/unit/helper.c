#include "unit/helper.h"

#include <stdio.h>
#include <string.h>

#include "base/ip.h"

/* --- messages of a diag ----------------------------------------------------- */

static void keep(void *ctx, enum log_level level, const char *variable, const char *message)
{
    struct logged *t = ctx;

    if (t->n < LOGGED_MAX) {
        t->line[t->n].level = level;
        snprintf(t->line[t->n].variable, sizeof t->line->variable, "%s", variable ? variable : "");
        snprintf(t->line[t->n].message, sizeof t->line->message, "%s", message);
    }
    t->n++;
}

void logged_init(struct logged *t)
{
    memset(t, 0, sizeof *t);
    t->diag = (struct diag){.report = keep, .ctx = t};
}

static unsigned kept(const struct logged *t)
{
    return t->n < LOGGED_MAX ? t->n : LOGGED_MAX;
}

unsigned logged_count(const struct logged *t, enum log_level level)
{
    unsigned n = 0;

    for (unsigned i = 0; i < kept(t); i++)
        n += t->line[i].level == level;
    return n;
}

bool logged_has(const struct logged *t, enum log_level level, const char *variable, const char *part)
{
    for (unsigned i = 0; i < kept(t); i++)
        if (t->line[i].level == level && (!variable || !strcmp(t->line[i].variable, variable)) &&
            strstr(t->line[i].message, part))
            return true;
    return false;
}

void logged_print(const struct logged *t)
{
    for (unsigned i = 0; i < kept(t); i++)
        print_error("logged: %s %s: %s\n", log_level_name[t->line[i].level], t->line[i].variable, t->line[i].message);
}

/* --- bytes ------------------------------------------------------------------ */

static uint64_t any_state = 1;

void any_seed(uint64_t seed)
{
    any_state = seed * 2 + 1;
}

uint32_t any(uint32_t below)
{
    any_state = any_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((any_state >> 33) % below);
}

const char *visible(const char *bytes, size_t len)
{
    static char text[4][8192];
    static unsigned turn;
    char *out = text[turn++ % 4];
    size_t at = 0;

    for (size_t i = 0; i < len && at < sizeof text[0] - 5; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (c == '\n')
            at += (size_t)sprintf(out + at, "\\n");
        else if (c < ' ' || c > '~')
            at += (size_t)sprintf(out + at, "\\x%02x", c);
        else
            out[at++] = (char)c;
    }
    out[at] = '\0';
    return out;
}

/* --- the program's own structs ---------------------------------------------- */

struct sock sock_of(enum protocol protocol, const char *address, uint16_t port, enum tcp_state state, uint32_t inode)
{
    struct sock s = {.protocol = (uint8_t)protocol,
                     .state = (uint8_t)state,
                     .local_port = port,
                     .inode = inode,
                     .known = SOCK_ADDRESS | SOCK_PORT | SOCK_OWNER};
    struct ip ip;

    assert_true(ip_parse(address, strlen(address), &ip));
    s.ip_version = ip.version;
    memcpy(s.local, ip.bytes, sizeof s.local);
    return s;
}

void connect_to(struct sock *s, const char *address, uint16_t port)
{
    struct ip ip;

    assert_true(ip_parse(address, strlen(address), &ip));
    assert_int_equal(ip.version, s->ip_version);
    s->known |= SOCK_REMOTE;
    s->remote_port = port;
    memcpy(s->remote, ip.bytes, sizeof s->remote);
}

void rules_of(struct rules *r, const char *text, struct arena *a)
{
    struct logged logged;

    logged_init(&logged);
    if (rules_parse(text, false, "RULES", a, &logged.diag, r)) {
        logged_print(&logged);
        fail();
    }
}
