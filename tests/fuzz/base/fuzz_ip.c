/* Reads an address, with or without a zone, as the C library does. Written again, it must be the same. */
#include <arpa/inet.h>
#include <string.h>

#include "base/ip.h"
#include "fuzz/fuzz.h"

static void check(const char *text, size_t size, const struct ip *ip)
{
    uint8_t bytes[16] = {0};
    char written[IP_TEXT_MAX];
    struct ip again;

    MUST(strlen(text) == size && inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, bytes) == 1);
    MUST(ip->version == 6 || (ip->version == 4 && !ip->bytes[4] && !memcmp(ip->bytes + 4, ip->bytes + 5, 11)));
    MUST(!memcmp(ip->bytes, ip_is_mapped(bytes) ? bytes + 12 : bytes, ip->version == 4 ? 4 : 16));
    MUST(ip_format(ip, written) == strlen(written) && ip_parse(written, strlen(written), &again));
    MUST(!memcmp(ip, &again, sizeof again));
    for (unsigned prefix = 0; prefix <= (ip->version == 4 ? 32 : 128); prefix++) {
        ip_mask(&again, (ip->version == 4 ? 32 : 128) - prefix);
        for (unsigned bit = 0; bit < 128; bit++)
            MUST(!(again.bytes[bit / 8] >> (7 - bit % 8) & 1) || bit < (ip->version == 4 ? 32 : 128) - prefix);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    struct scoped_ip scoped;
    struct ip ip;
    uint8_t other[16];

    if (ip_parse(text, size, &ip))
        check(text, size, &ip);
    else
        MUST(strlen(text) < size || (inet_pton(AF_INET, text, other) != 1 && inet_pton(AF_INET6, text, other) != 1));
    if (ip_parse_scoped(text, size, &scoped)) {
        const char *zone = memchr(text, '%', size);

        MUST(strlen(scoped.zone) < IP_ZONE_MAX && (zone ? !strcmp(zone + 1, scoped.zone) : !*scoped.zone));
        MUST(ip_parse(text, zone ? (size_t)(zone - text) : size, &ip) && !memcmp(&ip, &scoped.ip, sizeof ip));
    }
    free(text);
    return 0;
}
