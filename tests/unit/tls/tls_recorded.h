/* The receiver's side of a TLS handshake, recorded once, for a client that always draws the same random numbers, so
 * that the recording matches again. This file's numbers replace platform/posix/random.c, so the program must need no
 * others.
 *
 * build/unit/tls/test_flipped record PORT FILE makes a recording; the comment at its main has the commands. */
#ifndef TLS_RECORDED_H
#define TLS_RECORDED_H

#include <sys/socket.h>
#include <unistd.h>

#include "platform.h"
#include "tls/tls.h"
#include "unit/tls/tls_recorded_ca.h"

static uint64_t random_state;

uint32_t platform_random(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % below;
}

int platform_secret(void *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)platform_random(256);
    return 0;
}

/* Runs the recorded handshake over fd. Returns 0, or -errno with the reason in why. */
static inline int recorded_open(struct tls **t, int fd, char *why, size_t cap)
{
    static const struct tls_settings settings = {.ca = RECORDED_CA, .verify = true};

    random_state = 1;
    return tls_open(t, fd, &settings, "localhost", platform_monotonic_ns() + 10000000000u, why, cap);
}

/* Runs the handshake with a receiver that sends these bytes, then closes if ends_then. */
static inline int recorded_answer(const void *bytes, size_t len, bool ends_then, char *why, size_t cap)
{
    struct tls *t = NULL;
    char thrown_away[512];
    int ends[2], ret;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends))
        return -1;
    if (len && write(ends[1], bytes, len) != (ssize_t)len)
        len = 0;
    if (ends_then)
        shutdown(ends[1], SHUT_WR);
    ret = recorded_open(&t, ends[0], why, cap);
    if (!ret)
        while (tls_receive_some(t, thrown_away, sizeof thrown_away, why, cap) > 0)
            ;
    tls_close(t);
    close(ends[0]);
    close(ends[1]);
    return ret;
}

#endif
