#include "encode/semconv.h"

static const char state_name[STATE_COUNT][13] = {
    [STATE_ESTABLISHED] = "established",
    [STATE_SYN_SENT] = "syn_sent",
    [STATE_SYN_RECV] = "syn_received",
    [STATE_FIN_WAIT1] = "fin_wait_1",
    [STATE_FIN_WAIT2] = "fin_wait_2",
    [STATE_TIME_WAIT] = "time_wait",
    [STATE_CLOSE] = "closed",
    [STATE_CLOSE_WAIT] = "close_wait",
    [STATE_LAST_ACK] = "last_ack",
    [STATE_LISTEN] = "listen",
    [STATE_CLOSING] = "closing",
};

size_t semconv_tags(const struct field *field, const struct tags *tags, struct tag out[SEMCONV_TAGS])
{
    bool udp = field == &fields[FIELD_UDP], ipv6 = *tags_find(tags, "ip_version")->value == '6';

    out[0] = (struct tag){"network.connection.state", udp ? NULL : state_name[field - fields]};
    out[1] = (struct tag){"network.transport", udp ? "udp" : "tcp"};
    out[2] = (struct tag){"network.type", ipv6 ? "ipv6" : "ipv4"};
    return SEMCONV_TAGS;
}
