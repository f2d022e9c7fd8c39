/* Reads a whole answer, the part of an answer after the question, and a name. */
#include <string.h>

#include "base/dns.h"
#include "fuzz/fuzz.h"

static void read_answer(const uint8_t *bytes, size_t len, const uint8_t *query, size_t query_len)
{
    struct ip out[3];
    int n = dns_answer(bytes, len, query, query_len, out, 3);

    MUST(n && n >= DNS_NOT_OURS && n <= 3);
    for (int i = 0; i < n; i++)
        MUST(out[i].version == (query[query_len - 3] == DNS_A ? 4 : 6));
}

/* Reads the bytes after a question that is copied before them. Without the question few inputs would reach a record. */
static void read_records(const uint8_t *data, size_t size, enum dns_type type)
{
    uint8_t query[DNS_QUERY_MAX];
    size_t query_len = dns_query(query, 1, "agent.example", type);
    uint8_t *answer = joined(query, query_len, data, size);

    answer[2] |= 0x80; /* QR */
    answer[7] = 16;    /* the number of records, more than are read */
    read_answer(answer, query_len + size, query, query_len);
    read_answer(data, size, query, query_len);
    free(answer);
}

static void write_query(const uint8_t *data, size_t size)
{
    uint8_t query[DNS_QUERY_MAX];
    char *name = text_of(data, size);
    size_t len = dns_query(query, 2, name, DNS_A);

    MUST(len <= DNS_QUERY_MAX && (!len || len == 12 + strlen(name) + (name[strlen(name) - 1] == '.' ? 1 : 2) + 4));
    if (len)
        read_answer(data, size, query, len);
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_records(data, size, DNS_A);
    read_records(data, size, DNS_AAAA);
    write_query(data, size);
    return 0;
}
