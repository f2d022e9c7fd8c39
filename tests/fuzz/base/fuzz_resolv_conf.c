/* Reads the lines of resolv.conf and of hosts. */
#include <string.h>

#include "base/dns.h"
#include "fuzz/fuzz.h"

static void read_line(void *conf, const char *line, size_t len)
{
    struct scoped_ip ip;

    resolv_conf_line(conf, line, len);
    if (hosts_line(line, len, "agent", &ip))
        MUST((ip.ip.version == 4 || ip.ip.version == 6) && memchr(ip.zone, '\0', sizeof ip.zone));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct resolv_conf conf;

    resolv_conf_init(&conf);
    each_line(data, size, read_line, &conf);
    MUST(conf.n_servers >= 0 && conf.n_servers <= DNS_SERVERS_MAX && conf.n_search >= 0 &&
         conf.n_search <= DNS_SEARCH_MAX);
    MUST(conf.ndots >= 0 && conf.ndots <= 15 && conf.timeout_s >= 1 && conf.timeout_s <= 30);
    MUST(conf.attempts >= 1 && conf.attempts <= 5);
    for (int i = 0; i < conf.n_search; i++)
        MUST(memchr(conf.search[i], '\0', sizeof conf.search[i]) != NULL);
    resolv_conf_complete(&conf);
    MUST(conf.n_servers > 0);
    for (int i = 0; i < conf.n_servers; i++)
        MUST(conf.server[i].ip.version == 4 || conf.server[i].ip.version == 6);
    return 0;
}
