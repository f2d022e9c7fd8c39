/* Limits of delivery. Times are in milliseconds. Log messages print these constants. */
#ifndef LIMITS_H
#define LIMITS_H

/* --- opening --------------------------------------------------------------- */

#define RESOLVE_FIRST_MS 15000 /* a look-up without a working address */
#define RESOLVE_AGAIN_MS 2000  /* a look-up beside a working address */
#define RESOLVE_DOUBT_MS 6000  /* a look-up after a failed one, beside an address that may work */
#define REFRESH_MS       60000 /* a datagram socket is renewed, and its name looked up again, this often */
#define CONNECT_MS       5000  /* connect to one address */
#define HANDSHAKE_MS     10000 /* a TLS handshake */
#define BRIEF_MS         1500  /* connect, or handshake, while another connection works */

/* --- between two connections ----------------------------------------------- */

#define BACKOFF_MIN_MS     500   /* span of the first pause; each pause doubles it */
#define BACKOFF_MAX_MS     30000 /* longest span, over a network */
#define BACKOFF_UNIX_MS    1000  /* longest span, for a socket file, which comes and goes with its receiver */
#define BACKOFF_CLOSING_MS 250   /* longest span, once the program ends */
#define OPERATOR_MS        30000 /* shortest pause after an answer that only a person can change */
#define HELD_MS            1000  /* a connection that lasted longer had worked: the span begins anew */
#define LOOK_MS            30000 /* between two looks for a better target: at random, from half of it */

/* --- sending --------------------------------------------------------------- */

#define DATAGRAM_MS       1000  /* for one datagram */
#define REFUSAL_MS        500   /* for the refusal of the datagram that --check sends: longer than most round trips */
#define SEND_MS           20000 /* for one chunk or one request over a stream */
#define ANSWER_MS         20000 /* for the answer to a request */
#define BODY_MS           2000  /* for the rest of an answer whose status is known */
#define DRAIN_MS          50    /* between two reads while a write waits */
#define WINDOW_MS         1     /* first pause between two looks at a full window; doubles up to DRAIN_MS */
#define REFUSED_MAX       8     /* records of a chunk refused one by one, none accepted, before the rest is dropped */
#define GIVEN_UP_MAX      4     /* such chunks in a row before none is sent in parts */
#define RETRY_AFTER_MAX_S 3600  /* seconds; a longer Retry-After is cut to this */
#define SPREAD_MS         500   /* a snapshot's datagrams are spread over at most this */
#define DATAGRAM_MIN      512   /* bytes; a path that carries less has to fragment */
#define PACKETS_MIN       4     /* packets that the queue has room for, whatever SOCKPUSH_BUFFER is */
#define BURST_CHUNKS      8     /* datagrams sent without a pause: few enough for any receiver's buffer */

/* --- acknowledgements -------------------------------------------------- */

#define LAST_ACK_MS                                                                                  \
    200 /* for acknowledgements after the receiver ended its side; Linux delays them by 40 to 200 ms \
         */
#define ACK_PAUSE_MIN_MS 1 /* between two looks at acknowledgements, which no event reports */
#define ACK_PAUSE_MAX_MS 1000
#define SILENCE_MS       20000 /* until the system ends a connection whose peer is silent (TCP_USER_TIMEOUT) */
#define COPY_MS          2000  /* each such part of SOCKPUSH_REPLAY lets one more connection repeat a line */
#define STRIKES_MAX      3     /* connections that broke with a chunk before it is sent alone */

/* --- the log ----------------------------------------------------------------- */

#define REASONS_MAX       4      /* reasons logged for one trouble: the first, and those that differ */
#define TROUBLE_QUIET_MS  60000  /* trouble that comes back sooner is the same trouble */
#define TROUBLE_REMIND_MS 600000 /* the same trouble is logged again after this */

/* --- the end ------------------------------------------------------------------ */

#define FLUSH_MS  5000 /* for all outputs together */
#define FINISH_MS 2000 /* for a receiver to end its side, once it has everything */

#endif
