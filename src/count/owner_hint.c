#include "count/owner_hint.h"

void owner_hint_add(struct owner_hint *h, const struct sock *s)
{
    bool listening = s->protocol == PROTOCOL_TCP && s->state == STATE_LISTEN;
    uint8_t at = h->n;

    h->pids = s->known & SOCK_PID;
    if (listening != h->listening) {
        if (h->listening)
            return;
        h->listening = true;
        at = h->n = 0;
    }
    if (h->n == OWNER_INODES && s->inode >= h->inode[OWNER_INODES - 1])
        return;
    for (uint8_t i = 0; i < h->n; i++)
        if (h->inode[i] == s->inode)
            return; /* the same socket, read again after a failure */
    if (h->n == OWNER_INODES)
        at = --h->n;
    while (at && h->inode[at - 1] > s->inode) {
        h->inode[at] = h->inode[at - 1];
        at--;
    }
    h->inode[at] = s->inode;
    h->n++;
}
