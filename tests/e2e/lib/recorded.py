"""Recorded tables of a real kernel, and the counts at the time of the recording."""
from program import ROOT

RECORDED = ROOT / "tests" / "fixtures" / "procfs"

TEN_STATES = {
    4: dict(tcp_established=7, tcp_syn_sent=3, tcp_syn_recv=5, tcp_fin_wait1=7, tcp_fin_wait2=17, tcp_time_wait=6,
            tcp_close_wait=5, tcp_last_ack=7, tcp_listen=3, tcp_closing=4, udp_socket=7),
    6: dict(tcp_established=2, tcp_syn_sent=4, tcp_syn_recv=6, tcp_fin_wait1=6, tcp_fin_wait2=5, tcp_time_wait=4,
            tcp_close_wait=2, tcp_last_ack=1, tcp_listen=3, tcp_closing=5, udp_socket=6),
}
