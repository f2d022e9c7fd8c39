#include "base/ip.h"

#include <string.h>

#include "base/text.h"

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool ip_is_mapped(const uint8_t bytes[16])
{
    return memcmp(bytes, mapped_prefix, sizeof mapped_prefix) == 0;
}

/* Parses four decimal numbers without leading zeros: some programs read "010" as octal. */
static bool parse_v4(const char *text, size_t len, uint8_t out[4])
{
    size_t at = 0;

    for (int part = 0; part < 4; part++) {
        unsigned value = 0, digits = 0;

        if (part && (at == len || text[at++] != '.'))
            return false;
        while (at < len && text[at] >= '0' && text[at] <= '9') {
            value = value * 10 + (unsigned)(text[at++] - '0');
            if (++digits > 3 || value > 255 || (digits > 1 && value < 10))
                return false;
        }
        if (!digits)
            return false;
        out[part] = (uint8_t)value;
    }
    return at == len;
}

static bool parse_v6(const char *text, size_t len, uint8_t out[16])
{
    uint8_t head[16];
    size_t n = 0, at = 0;
    int gap = -1; /* bytes before "::" */

    if (len >= 2 && text[0] == ':' && text[1] == ':') {
        gap = 0;
        at = 2;
    }
    while (at < len) {
        size_t start = at;
        unsigned value = 0;

        while (at < len && text_hex(text[at]) >= 0 && at - start < 5)
            value = value << 4 | (unsigned)text_hex(text[at++]);
        if (at < len && text[at] == '.') {
            if (n > 12 || !parse_v4(text + start, len - start, head + n))
                return false;
            n += 4;
            break;
        }
        if (at == start || at - start > 4 || n > 14)
            return false;
        head[n++] = (uint8_t)(value >> 8);
        head[n++] = (uint8_t)value;
        if (at == len)
            break;
        if (text[at++] != ':' || at == len)
            return false;
        if (text[at] == ':') {
            if (gap >= 0)
                return false;
            gap = (int)n;
            at++;
        }
    }
    if (gap < 0 ? n != 16 : n > 14)
        return false;
    if (gap < 0)
        gap = (int)n;
    memset(out, 0, 16);
    memcpy(out, head, (size_t)gap);
    memcpy(out + 16 - (n - (size_t)gap), head + gap, n - (size_t)gap);
    return true;
}

bool ip_parse(const char *text, size_t len, struct ip *ip)
{
    memset(ip, 0, sizeof *ip);
    ip->version = 4;
    if (parse_v4(text, len, ip->bytes))
        return true;
    if (!parse_v6(text, len, ip->bytes))
        return false;
    if (ip_is_mapped(ip->bytes)) {
        memmove(ip->bytes, ip->bytes + 12, 4);
        memset(ip->bytes + 4, 0, 12);
        return true;
    }
    ip->version = 6;
    return true;
}

void ip_mask(struct ip *ip, unsigned prefix)
{
    size_t whole = prefix / 8;

    if (whole == sizeof ip->bytes)
        return;
    ip->bytes[whole] = (uint8_t)(ip->bytes[whole] & ~(0xff >> prefix % 8));
    memset(ip->bytes + whole + 1, 0, sizeof ip->bytes - whole - 1);
}

static size_t format_decimal(unsigned value, char *out)
{
    size_t n = 0;

    if (value >= 100)
        out[n++] = (char)('0' + value / 100);
    if (value >= 10)
        out[n++] = (char)('0' + value / 10 % 10);
    out[n++] = (char)('0' + value % 10);
    return n;
}

static size_t format_hex(unsigned value, char *out)
{
    size_t n = 0;

    for (int shift = 12; shift >= 0; shift -= 4)
        if (n || value >> shift || !shift)
            out[n++] = "0123456789abcdef"[value >> shift & 15];
    return n;
}

/* Writes RFC 5952 text: lower case, no leading zeros; "::" replaces the longest run of two
 * or more zero groups, the first of equals. Returns its length; the text has no NUL. */
static size_t format_v6(const uint8_t *bytes, char *out)
{
    unsigned group[8];
    int best = -1, best_len = 1;
    size_t n = 0;

    for (int i = 0; i < 8; i++)
        group[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    for (int i = 0; i < 8; i++) {
        int j = i;

        while (j < 8 && !group[j])
            j++;
        if (j - i > best_len) {
            best = i;
            best_len = j - i;
        }
        if (j > i)
            i = j - 1;
    }
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            out[n++] = ':';
            i += best_len - 1;
            if (i == 7)
                out[n++] = ':';
            continue;
        }
        if (i)
            out[n++] = ':';
        n += format_hex(group[i], out + n);
    }
    return n;
}

size_t ip_format(const struct ip *ip, char out[IP_TEXT_MAX])
{
    size_t n = 0;

    if (ip->version == 6) {
        n = format_v6(ip->bytes, out);
    } else {
        for (int i = 0; i < 4; i++) {
            if (i)
                out[n++] = '.';
            n += format_decimal(ip->bytes[i], out + n);
        }
    }
    out[n] = '\0';
    return n;
}

bool ip_parse_scoped(const char *text, size_t len, struct scoped_ip *out)
{
    const char *mark = len ? memchr(text, '%', len) : NULL;
    size_t address = mark ? (size_t)(mark - text) : len, zone = mark ? len - address - 1 : 0;

    memset(out->zone, 0, sizeof out->zone);
    if (!ip_parse(text, address, &out->ip) || zone >= sizeof out->zone || (mark && (!zone || out->ip.version != 6)))
        return false;
    if (mark)
        memcpy(out->zone, mark + 1, zone);
    return true;
}
