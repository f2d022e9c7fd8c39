#include "encode/fields.h"

const struct field fields[FIELDS] = {
    [STATE_ESTABLISHED] = {"tcp_established", "ESTAB", FROM_TCP, GAUGE},
    [STATE_SYN_SENT] = {"tcp_syn_sent", "SYN_SENT", FROM_TCP, GAUGE},
    [STATE_SYN_RECV] = {"tcp_syn_recv", "SYN_RECV", FROM_TCP, GAUGE},
    [STATE_FIN_WAIT1] = {"tcp_fin_wait1", "FIN_W1", FROM_TCP, GAUGE},
    [STATE_FIN_WAIT2] = {"tcp_fin_wait2", "FIN_W2", FROM_TCP, GAUGE},
    [STATE_TIME_WAIT] = {"tcp_time_wait", "TIME_W", FROM_TCP, GAUGE},
    [STATE_CLOSE] = {"tcp_close", "CLOSE", FROM_TCP, GAUGE},
    [STATE_CLOSE_WAIT] = {"tcp_close_wait", "CLOSE_W", FROM_TCP, GAUGE},
    [STATE_LAST_ACK] = {"tcp_last_ack", "LAST_ACK", FROM_TCP, GAUGE},
    [STATE_LISTEN] = {"tcp_listen", "LISTEN", FROM_TCP, GAUGE},
    [STATE_CLOSING] = {"tcp_closing", "CLOSING", FROM_TCP, GAUGE},
    [STATE_UNKNOWN] = {"tcp_none", "NONE", FROM_TCP, GAUGE},
    [FIELD_UDP] = {"udp_socket", "UDP", FROM_UDP, GAUGE},
    [FIELD_PID] = {"pid", "PID", FROM_TCP, GAUGE},
    [FIELD_POLL_US] = {"poll_us", "", FROM_TCP | FROM_UDP, GAUGE},
    [FIELD_SOCKETS] = {"sockets", "", FROM_TCP | FROM_UDP, GAUGE},
    [FIELD_PARTIAL_POLLS] = {"partial_polls", "", 0, INCREASE},
    [FIELD_POLL_ERRORS] = {"poll_errors", "", 0, INCREASE},
    [FIELD_COUNT_ERRORS] = {"count_errors", "", 0, INCREASE},
    [FIELD_OUTPUT + SENT_LINES] = {"sent_lines", "", 0, INCREASE},
    [FIELD_OUTPUT + SEND_ERRORS] = {"send_errors", "", 0, INCREASE},
    [FIELD_OUTPUT + DROPPED_LINES] = {"dropped_lines", "", 0, INCREASE},
    [FIELD_OUTPUT + RECONNECTS] = {"reconnects", "", 0, INCREASE},
};

const struct measurement measurements[MEASUREMENTS] = {
    [NETSTAT] = {"netstat", {"ip_version"}, .folded = true},
    [NETSTAT_PORT] = {"netstat_port", {"addr_port", "ip_version"}, .folded = true},
    [SOCKPUSH] = {"sockpush", {"backend"}, .folded = false},
    [SOCKPUSH_OUTPUT] = {"sockpush_output", {"output"}, .folded = true},
};
