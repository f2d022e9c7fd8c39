/* answers http|dns: reads answers as sockpush does. Each line of the standard input is one, in pieces of hexadecimal
 * digits with blanks between them: of http, as it comes from the connection, which then ends; of dns, the query and the
 * answer. Prints a line of JSON for each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dns.h"
#include "base/text.h"
#include "output/http_answer.h"

#define ADDRESSES 8 /* as the resolver's */

struct piece {
    uint8_t *bytes; /* the caller's to free: of their own, so that the sanitizer watches their end */
    size_t len;
};

/* Takes the next piece of the line. Returns false at the end. */
static bool next_piece(char **line, struct piece *out)
{
    size_t digits = strspn(*line, "0123456789abcdef");

    if (!digits)
        return false;
    out->len = digits / 2;
    out->bytes = malloc(out->len);
    for (size_t i = 0; i < out->len; i++)
        out->bytes[i] = (uint8_t)(text_hex((*line)[2 * i]) << 4 | text_hex((*line)[2 * i + 1]));
    *line += digits + ((*line)[digits] == ' ');
    return true;
}

static void read_http(char *line)
{
    struct http_answer a;
    struct piece piece;
    size_t taken = 0;
    bool whole;

    http_answer_init(&a);
    while (next_piece(&line, &piece)) {
        taken += http_answer_take(&a, (const char *)piece.bytes, piece.len);
        free(piece.bytes);
    }
    whole = a.stage == HTTP_WHOLE && !a.wrong;
    http_answer_end(&a);
    printf("{\"status\": %d, \"whole\": %s, \"keeps\": %s, \"taken\": %zu, \"body\": \"",
           http_answer_known(&a) ? a.status : 0, whole ? "true" : "false", whole && !a.closes ? "true" : "false",
           taken);
    for (size_t i = 0; i < a.kept_len; i++)
        printf("%02x", (uint8_t)a.body[i]);
    printf("\", \"wrong\": \"%s\"}\n", a.wrong ? a.wrong : "");
}

static void read_dns(char *line)
{
    struct ip ip[ADDRESSES];
    struct piece query, answer;
    char text[IP_TEXT_MAX];
    int n;

    if (!next_piece(&line, &query) || !next_piece(&line, &answer))
        exit(2);
    n = dns_answer(answer.bytes, answer.len, query.bytes, query.len, ip, ADDRESSES);
    printf("{\"result\": %d, \"addresses\": [", n);
    for (int i = 0; i < n; i++) {
        ip_format(&ip[i], text);
        printf("%s\"%s\"", i ? ", " : "", text);
    }
    printf("]}\n");
    free(query.bytes);
    free(answer.bytes);
}

int main(int argc, char **argv)
{
    bool dns = argc == 2 && !strcmp(argv[1], "dns");
    char *line = NULL;
    size_t cap = 0;

    while (getline(&line, &cap, stdin) > 0)
        (dns ? read_dns : read_http)(line);
    free(line);
    return 0;
}
