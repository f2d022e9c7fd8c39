#include "count/recording.h"

#include <errno.h>
#include <string.h>

#include "base/format.h"
#include "base/log.h"
#include "platform.h"

#define MAGIC    "sockpush recording "
#define HEAD_MAX 80
#define VERSION  2
#define OLDEST   1 /* has no counters; whether a read has them stands in itself */

static const char *byte_order(void)
{
    const uint16_t one = 1;

    return *(const unsigned char *)&one ? "little-endian" : "big-endian";
}

/* Writes the start of the first line, which a replay requires. The word size that follows
 * it is not compared: nothing recorded so far depends on it. */
static void put_head(char head[HEAD_MAX], int version)
{
    text_format(head, HEAD_MAX, MAGIC "%d %s %s ", version, platform_name, byte_order());
}

static bool has_head(const char *line, int version)
{
    char head[HEAD_MAX];

    put_head(head, version);
    return !strncmp(line, head, strlen(head));
}

static void put_u32(unsigned char out[4], uint32_t n)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(n >> 8 * i);
}

static uint32_t get_u32(const unsigned char in[4])
{
    return in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

/* --- writing ---------------------------------------------------------------------- */

/* Writes, or ends the recording where that fails; the program continues. */
static void write_all(struct recording *r, const void *data, size_t len)
{
    int ret = r->over ? 0 : platform_write(r->fd, data, len, NULL);

    if (!ret)
        return;
    r->over = true;
    log_event(LOG_ERROR, NULL, NULL, "recording ends here: %s", platform_error_text(-ret));
}

static void write_block(struct recording *r, const char *kind, const void *data, size_t len)
{
    unsigned char head[8];

    memcpy(head, kind, 4);
    put_u32(head + 4, (uint32_t)len);
    write_all(r, head, sizeof head);
    write_all(r, data, len);
}

int recording_create(struct recording *r, const char *path)
{
    char head[HEAD_MAX];

    *r = (struct recording){.fd = platform_file_open(path, true)};
    if (r->fd < 0)
        return r->fd;
    put_head(head, VERSION);
    write_all(r, head, strlen(head));
    text_format(head, sizeof head, "%zu-bit\n", 8 * sizeof(void *));
    write_all(r, head, strlen(head));
    return 0;
}

/* --- reading ---------------------------------------------------------------------- */

static bool read_all(struct recording *r, void *out, size_t len)
{
    r->over |= platform_file_read(r->fd, out, len) != (long)len;
    return !r->over;
}

/* Reads the first line without its newline, NUL-terminated. Returns false if it is too long or cut. */
static bool read_head(struct recording *r, char head[HEAD_MAX])
{
    for (size_t i = 0; i < HEAD_MAX && read_all(r, head + i, 1); i++)
        if (head[i] == '\n') {
            head[i] = '\0';
            return true;
        }
    return false;
}

int recording_open(struct recording *r, const char *path, char *why, size_t why_cap)
{
    char head[HEAD_MAX] = "";

    *r = (struct recording){.fd = platform_file_open(path, false), .replays = true};
    if (r->fd < 0)
        text_format(why, why_cap, "%s", platform_error_text(-r->fd));
    else if (!read_head(r, head) || strncmp(head, MAGIC, sizeof MAGIC - 1))
        text_format(why, why_cap, "not a recording of sockpush");
    else if (!has_head(head, VERSION) && !has_head(head, OLDEST))
        text_format(why, why_cap,
                    "of another version, operating system or byte order: it begins \"%s\", "
                    "this program reads versions %d and %d of %s %s",
                    head, OLDEST, VERSION, platform_name, byte_order());
    else
        return 0;
    return -1;
}

/* Reads the next block's header, unless a block is already open. Returns false at the end. */
static bool peek(struct recording *r)
{
    unsigned char head[8];

    if (*r->kind || r->over)
        return *r->kind;
    if (!read_all(r, head, sizeof head))
        return false;
    memcpy(r->kind, head, 4);
    r->left = get_u32(head + 4);
    memset(r->name, 0, sizeof r->name);
    if (!memcmp(r->kind, "read", 4) && r->left < sizeof r->name) {
        read_all(r, r->name, r->left);
        r->left = 0;
    }
    return true;
}

static bool is(const struct recording *r, const char *kind)
{
    return !memcmp(r->kind, kind, 4);
}

static void pass_over(struct recording *r)
{
    char rest[512];

    while (r->left) {
        size_t n = r->left < sizeof rest ? r->left : sizeof rest;

        if (!read_all(r, rest, n))
            break;
        r->left -= (uint32_t)n;
    }
    r->left = 0;
    *r->kind = '\0';
}

static long replay(struct recording *r, void *data, size_t cap)
{
    unsigned char error[4];
    long n = -ENODATA;

    if (!peek(r))
        return -ENODATA;
    if (is(r, "fail") && r->left == sizeof error) {
        r->left = 0;
        if (read_all(r, error, sizeof error) && get_u32(error) && get_u32(error) < 4096)
            n = -(long)get_u32(error);
        pass_over(r);
    } else if (is(r, "data") && r->left > cap) {
        n = -EMSGSIZE;
    } else if (is(r, "data")) {
        n = (long)r->left;
        r->left = 0;
        if (!read_all(r, data, (size_t)n))
            n = -ENODATA;
        pass_over(r);
    }
    return n;
}

/* --- both ------------------------------------------------------------------------- */

bool recording_replays(const struct recording *r)
{
    return r && r->replays;
}

bool recording_poll(struct recording *r)
{
    if (r && !r->replays)
        write_block(r, "poll", NULL, 0);
    if (!recording_replays(r))
        return true;
    while (peek(r)) {
        bool found = is(r, "poll");

        pass_over(r);
        if (found)
            return true;
    }
    return false;
}

int recording_begin(struct recording *r, const char *name)
{
    if (!r)
        return 0;
    if (!r->replays) {
        write_block(r, "read", name, strlen(name));
        return 0;
    }
    while (peek(r) && !is(r, "read") && !is(r, "poll"))
        pass_over(r);
    if (!*r->kind || !is(r, "read") || strcmp(r->name, name))
        return -ENODATA;
    pass_over(r);
    return 0;
}

int recording_read(struct recording *r, const char *backend, enum protocol p)
{
    char name[RECORDING_NAME_MAX];

    text_format(name, sizeof name, "%s %s", backend, p == PROTOCOL_TCP ? "tcp" : "udp");
    return recording_begin(r, name);
}

long recording_pass(struct recording *r, void *data, size_t cap, long n)
{
    unsigned char error[4];

    if (!r)
        return n;
    if (r->replays)
        return replay(r, data, cap);
    if (n >= 0) {
        write_block(r, "data", data, (size_t)n);
    } else {
        put_u32(error, (uint32_t)-n);
        write_block(r, "fail", error, sizeof error);
    }
    return n;
}
