/* All limits of delivery: times in milliseconds. Messages take their numbers from here. */
#ifndef LIMITS_H
#define LIMITS_H

/* --- opening --------------------------------------------------------------- */

#define RESOLVE_FIRST_MS 15000 /* a look-up while no address is known that works */
#define RESOLVE_AGAIN_MS 2000  /* a look-up beside an address that works */
#define RESOLVE_DOUBT_MS 6000  /* the same after one that failed: whether that address still works is not known */
#define REFRESH_MS       60000 /* a datagram socket and the address it leads to are renewed so often */
#define CONNECT_MS       5000  /* connecting to one address */
#define HANDSHAKE_MS     10000 /* a TLS handshake */
#define BRIEF_MS         1500  /* either of them while another connection works */

/* --- between two connections ----------------------------------------------- */

#define BACKOFF_MIN_MS     500   /* the first pause; later ones are up to twice as long as the one before */
#define BACKOFF_MAX_MS     30000 /* the longest, over a network */
#define BACKOFF_UNIX_MS    1000  /* the longest, for a socket file, which comes and goes with its receiver */
#define BACKOFF_CLOSING_MS 250   /* the longest, once the program ends */
#define OPERATOR_MS        30000 /* the shortest, after an answer that only a person can change */
#define HELD_MS            1000  /* a connection that broke later was a good one: pauses are short again */
#define LOOK_MS            30000 /* between two looks for a better target; at random half of it or more */

/* --- sending --------------------------------------------------------------- */

#define DATAGRAM_MS 1000  /* for one datagram */
#define SEND_MS     20000 /* for one chunk or one request over a stream */
#define ANSWER_MS   20000 /* for the answer to a request */
#define BODY_MS     2000  /* for the rest of an answer whose verdict is known */
#define DRAIN_MS    50    /* while a write waits, what the receiver sends is read so often */
#define WINDOW_MS \
    1 /* between two looks at a window that has no room, which nothing reports: at first, then up to DRAIN_MS */
#define RETRY_AFTER_MAX_S 3600 /* seconds of a receiver's Retry-After that are waited for */
#define SPREAD_MS         500  /* over which a snapshot's datagrams are spread, at most */
#define DATAGRAM_MIN      512  /* bytes; a path that takes less in one packet has to take fragments */
#define BURST_CHUNKS      8    /* datagrams sent without a pause: a receiver's buffer surely holds so many */

/* --- what was acknowledged -------------------------------------------------- */

#define ACK_PAUSE_MIN_MS 10 /* between two looks at what is acknowledged, which nothing reports */
#define ACK_PAUSE_MAX_MS 1000
#define SILENCE_MS       20000 /* until the system notices that its peer is gone: TCP_USER_TIMEOUT and its like */
#define COPY_MS          2000  /* one more connection may carry a line again for each such part of SOCKPUSH_REPLAY */
#define STRIKES_MAX      3     /* connections that broke with a chunk unacknowledged, until it is sent alone */

/* --- the log ----------------------------------------------------------------- */

#define REASONS_MAX       4      /* reasons logged of one trouble: how it began, and what is still in the way */
#define TROUBLE_QUIET_MS  60000  /* trouble that comes back sooner is the same trouble */
#define TROUBLE_REMIND_MS 600000 /* and is logged anew after so long */

/* --- the end ------------------------------------------------------------------ */

#define FLUSH_MS  5000 /* for all outputs together */
#define FINISH_MS 2000 /* for a receiver to end its side, once it has everything */

#endif
