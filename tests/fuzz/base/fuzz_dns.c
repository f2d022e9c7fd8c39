/* Reads one input in four ways: as a whole answer, as the part of an answer after the question, as the lines of both
 * files, and as a name. */
#include <stdlib.h>
#include <string.h>

#include "base/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

static void read_answer(const uint8_t *bytes, size_t len, const uint8_t *query, size_t query_len)
{
    struct ip *out = malloc(3 * sizeof *out); /* the sanitizer watches its end */
    int n = dns_answer(bytes, len, query, query_len, out, 3);

    must(n && n >= DNS_NOT_OURS && n <= 3);
    for (int i = 0; i < n; i++)
        must(out[i].version == (query[query_len - 3] == DNS_A ? 4 : 6));
    free(out);
}

/* Reads the bytes after a question that is copied before them. Without the question few inputs would reach a record. */
static void read_records(const uint8_t *data, size_t size, enum dns_type type)
{
    uint8_t query[DNS_QUERY_MAX];
    size_t query_len = dns_query(query, 1, "agent.example", type);
    uint8_t *answer = malloc(query_len + size);

    memcpy(answer, query, query_len);
    memcpy(answer + query_len, data, size);
    answer[2] |= 0x80; /* QR */
    answer[7] = 16;    /* the number of records, more than are read */
    read_answer(answer, query_len + size, query, query_len);
    read_answer(data, size, query, query_len);
    free(answer);
}

static void read_files(const char *data, size_t size)
{
    struct resolv_conf conf;
    struct scoped_ip ip;

    resolv_conf_init(&conf);
    while (size) {
        const char *end = memchr(data, '\n', size);
        size_t len = end ? (size_t)(end - data) : size, rest = size - len - (end != NULL);
        char *line = malloc(len); /* the sanitizer watches its end */

        memcpy(line, data, len);
        resolv_conf_line(&conf, line, len);
        hosts_line(line, len, "agent", &ip);
        free(line);
        data += size - rest;
        size = rest;
    }
    must(conf.n_servers >= 0 && conf.n_servers <= DNS_SERVERS_MAX && conf.n_search >= 0 &&
         conf.n_search <= DNS_SEARCH_MAX);
    must(conf.ndots >= 0 && conf.ndots <= 15 && conf.timeout_s >= 1 && conf.timeout_s <= 30);
    must(conf.attempts >= 1 && conf.attempts <= 5);
    for (int i = 0; i < conf.n_search; i++)
        must(memchr(conf.search[i], '\0', sizeof conf.search[i]) != NULL);
}

static void write_query(const uint8_t *data, size_t size)
{
    uint8_t *query = malloc(DNS_QUERY_MAX);
    char *name = calloc(size + 1, 1);
    size_t len;

    memcpy(name, data, size);
    len = dns_query(query, 2, name, DNS_A);
    must(len <= DNS_QUERY_MAX && (!len || len == 12 + strlen(name) + (name[strlen(name) - 1] == '.' ? 1 : 2) + 4));
    if (len)
        read_answer(data, size, query, len);
    free(name);
    free(query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    read_records(data, size, DNS_A);
    read_records(data, size, DNS_AAAA);
    read_files((const char *)data, size);
    write_query(data, size);
    return 0;
}
