#include "output/parts.h"

#include <errno.h>
#include <string.h>

#include "output/connection.h"
#include "output/limits.h"
#include "output/reconnect.h"

static bool is_refusal(int error)
{
    return error == -EBADMSG || error == -E2BIG;
}

bool parts_help(const struct output *o, int error)
{
    const struct posting *post = o->endpoint->format->post;

    return is_refusal(error) && o->chunks == 1 && o->chunk.lines > 1 && post && post->halves &&
           o->given_up < GIVEN_UP_MAX;
}

/* Sends a part, over a new connection if the receiver has ended the last one in order. Returns as send does. */
static int send_part(struct output *o, size_t at, size_t len)
{
    struct link *l = o->link;
    int ret;

    l->rejected = 0;
    l->why[0] = '\0';
    do {
        if (l->fd < 0) {
            l->first = l->target;
            o->opened_before = false; /* the next one is not a reconnect */
            if (!reconnect_ensure(o))
                return -ENOTCONN;
        }
        ret = o->endpoint->transport->send(l, o->data + at, len);
        if (ret == -ENOTCONN)
            link_close(l);
    } while (ret == -ENOTCONN);
    return ret;
}

/* Halves a refused part, and doubles the one after an accepted part. So no request is sent twice, and few records are
 * refused with others, whether the receiver refuses some records or a request's length. */
int parts_send(struct output *o, uint64_t *dropped)
{
    size_t at = 0, len, max = o->len / 2;
    bool accepted = false;
    uint32_t n, refused = 0;
    int ret;

    output_count(o, SEND_ERRORS, 1);
    do {
        len = record_pack(o->box.record, o->data + at, o->len - at, max, &n);
        ret = send_part(o, at, len);
        if (ret && !is_refusal(ret))
            return ret;
        max = ret ? len / 2 : 2 * len;
        if (ret && n > 1) {
            output_count(o, SEND_ERRORS, 1);
            continue;
        }
        if (ret || o->link->rejected)
            connection_note(o, "not all was stored", 0, "refused lines are dropped", true);
        refused += ret != 0;
        *dropped += ret ? 1 : o->link->rejected < n ? o->link->rejected : n;
        accepted |= !ret;
        at += len;
    } while (at < o->len && (accepted || refused < REFUSED_MAX));
    o->link->rejected = 0;
    o->given_up += !accepted;
    return accepted ? 0 : ret;
}
