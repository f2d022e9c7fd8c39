#include "base/dns.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define HEADER        12   /* bytes (RFC 1035, 4.1.1) */
#define CLASS_IN      1    /* RFC 1035, 3.2.4 */
#define RCODE_NO_NAME 3    /* RFC 1035, 4.1.1: Name Error */
#define OPCODE        0xf8 /* and the bit before it, which an answer has */

/* --- messages ---------------------------------------------------------------- */

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

size_t dns_query(uint8_t out[DNS_QUERY_MAX], uint16_t id, const char *name, enum dns_type type)
{
    size_t len = strlen(name), at = HEADER;

    if (len && name[len - 1] == '.')
        len--;
    if (!len || len > DNS_NAME_MAX)
        return 0;
    memset(out, 0, HEADER);
    put16(out, id);
    out[2] = 1; /* recursion desired */
    out[5] = 1; /* one question */
    for (size_t start = 0; start <= len;) {
        const char *dot = memchr(name + start, '.', len - start);
        size_t label = (dot ? (size_t)(dot - name) : len) - start;

        if (!label || label > 63)
            return 0;
        out[at++] = (uint8_t)label;
        memcpy(out + at, name + start, label);
        at += label;
        start += label + 1;
    }
    out[at++] = 0;
    put16(out + at, type);
    put16(out + at + 2, CLASS_IN);
    return at + 4;
}

/* Moves *at past a name: labels up to an empty one or to a pointer (RFC 1035, 4.1.4). Returns false if msg ends first,
 * or at a label of another type (RFC 6891, 5). */
static bool skip_name(const uint8_t *msg, size_t len, size_t *at)
{
    while (*at < len) {
        uint8_t label = msg[*at];

        if (label >= 0xc0) {
            *at += 2;
            return *at <= len;
        }
        if (label > 63)
            return false;
        *at += 1u + label;
        if (!label)
            return true;
    }
    return false;
}

/* Returns true if the answer repeats the query's question; its letters may have another case. */
static bool same_question(const uint8_t *answer, const uint8_t *query, size_t query_len)
{
    if (get16(answer + 4) != 1)
        return false;
    for (size_t i = HEADER; i < query_len; i++)
        if (tolower(answer[i]) != tolower(query[i]))
            return false;
    return true;
}

int dns_answer(const uint8_t *answer, size_t len, const uint8_t *query, size_t query_len, struct ip *out, int max)
{
    unsigned type = get16(query + query_len - 4), records;
    size_t at = query_len;
    int n = 0;

    if (len < HEADER || get16(answer) != get16(query) || (answer[2] & OPCODE) != 0x80)
        return DNS_NOT_OURS;
    /* Some servers refuse with a bare header. */
    if (len == HEADER && !get16(answer + 4) && (answer[3] & 15) && (answer[3] & 15) != RCODE_NO_NAME)
        return DNS_FAILED;
    if (len < query_len || !same_question(answer, query, query_len))
        return DNS_NOT_OURS;
    if (answer[2] & 0x02)
        return DNS_TRUNCATED;
    if ((answer[3] & 15) == RCODE_NO_NAME)
        return DNS_NO_NAME;
    if (answer[3] & 15)
        return DNS_FAILED;
    for (records = get16(answer + 6); records && n < max; records--) {
        size_t size;

        if (!skip_name(answer, len, &at) || len - at < 10)
            return DNS_FAILED;
        size = get16(answer + at + 8);
        if (size > len - at - 10)
            return DNS_FAILED;
        if (get16(answer + at) == type && get16(answer + at + 2) == CLASS_IN && size == (type == DNS_A ? 4 : 16)) {
            memset(&out[n], 0, sizeof *out);
            out[n].version = type == DNS_A ? 4 : 6;
            memcpy(out[n++].bytes, answer + at + 10, size);
        }
        at += 10 + size;
    }
    return n ? n : DNS_NO_ADDRESS;
}

/* --- files -------------------------------------------------------------------- */

/* Finds the next word and moves *line past it. Returns false at the end or at a comment. */
static bool next_word(const char **line, const char *end, const char **word, size_t *len)
{
    while (*line < end && (**line == ' ' || **line == '\t'))
        ++*line;
    *word = *line;
    while (*line < end && **line != ' ' && **line != '\t' && **line != '#' && **line != '\r')
        ++*line;
    *len = (size_t)(*line - *word);
    return *len > 0;
}

static bool is(const char *word, size_t len, const char *text)
{
    return len == strlen(text) && !strncasecmp(word, text, len);
}

/* Reads an option such as "ndots:5", clamped to min … max. Another word leaves *out unchanged. */
static void read_option(const char *word, size_t len, const char *name, int min, int max, int *out)
{
    size_t at = strlen(name);
    int value = 0;

    if (len <= at || strncmp(word, name, at) || word[at] < '0' || word[at] > '9')
        return;
    for (; at < len && word[at] >= '0' && word[at] <= '9' && value <= max; at++)
        value = value * 10 + word[at] - '0';
    *out = value < min ? min : value < max ? value : max;
}

void resolv_conf_init(struct resolv_conf *conf)
{
    memset(conf, 0, sizeof *conf);
    conf->ndots = 1;
    conf->timeout_s = 5;
    conf->attempts = 2;
}

void resolv_conf_line(struct resolv_conf *conf, const char *line, size_t size)
{
    const char *end = line + size, *key, *word;
    size_t key_len, len;

    if (!next_word(&line, end, &key, &key_len) || *key == ';')
        return;
    if (is(key, key_len, "search") || is(key, key_len, "domain"))
        conf->n_search = 0; /* the last such line wins */
    while (next_word(&line, end, &word, &len)) {
        if (is(key, key_len, "nameserver")) {
            if (conf->n_servers < DNS_SERVERS_MAX && ip_parse_scoped(word, len, &conf->server[conf->n_servers]))
                conf->n_servers++;
        } else if (is(key, key_len, "search") || is(key, key_len, "domain")) {
            /* systemd-resolved writes "." where no domain is set. */
            if (conf->n_search < DNS_SEARCH_MAX && len <= DNS_NAME_MAX && !is(word, len, ".")) {
                memcpy(conf->search[conf->n_search], word, len);
                conf->search[conf->n_search++][len] = '\0';
            }
        } else if (is(key, key_len, "options")) {
            read_option(word, len, "ndots:", 0, 15, &conf->ndots);
            read_option(word, len, "timeout:", 1, 30, &conf->timeout_s);
            read_option(word, len, "attempts:", 1, 5, &conf->attempts);
        }
    }
}

void resolv_conf_complete(struct resolv_conf *conf)
{
    static const char here[] = "127.0.0.1";

    if (!conf->n_servers && ip_parse_scoped(here, sizeof here - 1, &conf->server[0]))
        conf->n_servers = 1;
}

/* Returns the length without the name's last dot. */
static size_t undotted(const char *name, size_t len)
{
    return len > 1 && name[len - 1] == '.' ? len - 1 : len;
}

bool hosts_line(const char *line, size_t size, const char *host, struct scoped_ip *out)
{
    const char *end = line + size, *word;
    size_t len, host_len = undotted(host, strlen(host));

    if (!next_word(&line, end, &word, &len) || !ip_parse_scoped(word, len, out))
        return false;
    while (next_word(&line, end, &word, &len))
        if (undotted(word, len) == host_len && !strncasecmp(word, host, host_len))
            return true;
    return false;
}
