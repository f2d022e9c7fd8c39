/* The points of netstat_pod as lines, and their tags. */
#include <stdio.h>
#include <string.h>

#include "unit/encode/pods_helper.h"
#include "unit/helper.h"

/* Returns measurement and tags of each influx line, one per line. */
static const char *heads(const struct scene *c)
{
    static char out[8192];
    size_t at = 0;

    pods_encode(c, &encoder_influx);
    for (char *line = pods_text, *end; (end = strchr(line, '\n')); line = end + 1)
        at += (size_t)snprintf(out + at, sizeof out - at, "%.*s\n", (int)strcspn(line, " "), line);
    out[at] = '\0';
    return out;
}

/* --- lines ---------------------------------------------------------------------------- */

static void lines_of_each_format(void **state)
{
    static const struct {
        const struct encoder *format;
        const char *line[3]; /* of IPv6, of both, and an increase */
    } row[] = {
        {&encoder_dogstatsd,
         {"netstat_pod.tcp_inuse:25|g|#host:h,ip_version:6,namespace:shop,pod_name:web-0.db\n",
          "netstat_pod.tcp_current:41|g|#host:h,namespace:shop,pod_name:web-0.db\n",
          "netstat_pod.active_opens:700|c|#host:h,namespace:shop,pod_name:web-0.db\n"}},
        {&encoder_datadog,
         {"netstat_pod.tcp_inuse:25|g|#host:h,ip_version:6,namespace:shop,pod_name:web-0.db|c:ci-c0ffee|card:low\n",
          "netstat_pod.tcp_current:41|g|#host:h,namespace:shop,pod_name:web-0.db|c:ci-c0ffee|card:low\n",
          "netstat_pod.active_opens:700|c|#host:h,namespace:shop,pod_name:web-0.db|c:ci-c0ffee|card:low\n"}},
        {&encoder_statsd,
         {"h.netstat_pod.shop.web-0_db.6.tcp_inuse:25|g\n", "h.netstat_pod.shop.web-0_db.tcp_current:41|g\n",
          "h.netstat_pod.shop.web-0_db.active_opens:700|c\n"}},
        {&encoder_graphite,
         {"netstat_pod.tcp_inuse;host=h;ip_version=6;namespace=shop;pod_name=web-0.db 25 1700000000\n",
          "netstat_pod.tcp_current;host=h;namespace=shop;pod_name=web-0.db 41 1700000000\n",
          "netstat_pod.active_opens;host=h;namespace=shop;pod_name=web-0.db 44 1700000000\n"}},
    };
    struct scene c;

    (void)state;
    pods_set_up(&c, &pods_users);
    strcpy(pods_add(&c, "shop", "web-0.db")->origin, "c0ffee");
    pods_added[ADDED_PODS(0) + POD_ACTIVE_OPENS] = 700;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        pods_encode(&c, row[i].format);
        for (size_t k = 0; k < COUNT_OF(row[i].line); k++) {
            const char *line = strstr(pods_text, row[i].line[k]);

            assert_row(line && (line == pods_text || line[-1] == '\n'), row[i].line[k]);
        }
        assert_int_equal(count_of(pods_text, "\n"), 2 * 4 + 2 + POD_INCREASES);
    }
    pods_tear_down(&c);
}

#define INCREASES                                                                                \
    "listen_overflows=42i,listen_drops=43i,active_opens=44i,passive_opens=45i,retrans_segs=46i," \
    "syn_retrans=47i,estab_resets=48i,out_rsts=49i,udp_in_errors=50i,udp_rcvbuf_errors=51i 1700000000123000000\n"
#define TAGS  "host=h,namespace=a,pod_name=b"
#define TAGS4 "host=h,ip_version=4,namespace=a,pod_name=b"

static void fields_have_their_names_and_order(void **state)
{
    struct pod_series *s;
    struct scene c;

    (void)state;
    pods_set_up(&c, &pods_users);
    s = pods_add(&c, "a", "b");
    s->ipv6 = false;
    assert_string_equal(pods_encode(&c, &encoder_influx),
                        "netstat_pod," TAGS4
                        " tcp_inuse=10i,accept_queue=11i,tcp_listen=21i,udp_socket=24i 1700000000123000000\n"
                        "netstat_pod," TAGS " tcp_time_wait=40i,tcp_current=41i," INCREASES);
    s->listeners = false;
    assert_string_equal(pods_encode(&c, &encoder_influx),
                        "netstat_pod," TAGS4 " tcp_inuse=10i,udp_socket=24i 1700000000123000000\n"
                        "netstat_pod," TAGS " tcp_time_wait=40i,tcp_current=41i," INCREASES);
    s->listeners = c.pods.want.full = true;
    assert_string_equal(
        pods_encode(&c, &encoder_influx),
        "netstat_pod," TAGS4 " tcp_inuse=10i,accept_queue=11i,tcp_established=12i,tcp_syn_sent=13i,tcp_syn_recv=14i,"
        "tcp_fin_wait1=15i,tcp_fin_wait2=16i,tcp_time_wait=17i,tcp_close=18i,tcp_close_wait=19i,tcp_last_ack=20i,"
        "tcp_listen=21i,tcp_closing=22i,tcp_none=23i,udp_socket=24i 1700000000123000000\n"
        "netstat_pod," TAGS " tcp_current=41i," INCREASES);
    c.s.only_metrics = true;
    assert_string_equal(pods_encode(&c, &encoder_influx), "");
    pods_tear_down(&c);
}

static void the_table_has_a_paragraph_for_each_point(void **state)
{
    struct scene c;

    (void)state;
    pods_set_up(&c, &pods_users);
    pods_add(&c, "shop", "web")->ipv6 = false;
    assert_string_equal(pods_encode(&c, &encoder_table),
                        "netstat_pod shop web 4 tcp_inuse=10 accept_queue=11 tcp_listen=21 udp_socket=24\n"
                        "netstat_pod shop web tcp_time_wait=40 tcp_current=41 listen_overflows=42\n"
                        "    listen_drops=43 active_opens=44 passive_opens=45 retrans_segs=46\n"
                        "    syn_retrans=47 estab_resets=48 out_rsts=49 udp_in_errors=50\n"
                        "    udp_rcvbuf_errors=51\n");
    pods_tear_down(&c);
}

/* The agent gets the pod's container, and never sockpush's own, nor the data of an admission controller for it. */
static void sections_are_the_pods(void **state)
{
    static const struct {
        const char *own, *origin, *end;
    } row[] = {
        {"", "", "pod_name:b\n"},
        {"|c:ci-self", "", "pod_name:b\n"},
        {"", "c0ffee", "pod_name:b|c:ci-c0ffee\n"},
        {"|c:ci-self|e:it-false,cn-a,pu-b|card:high", "c0ffee", "pod_name:b|c:ci-c0ffee|card:high\n"},
        {"|c:ci-self|e:it-false,cn-a,pu-b|card:high", "", "pod_name:b|card:high\n"},
    };
    struct pod_series *s;
    struct scene c;

    (void)state;
    pods_set_up(&c, &pods_users);
    s = pods_add(&c, "a", "b");
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        c.s.sections = row[i].own;
        strcpy(s->origin, row[i].origin);
        pods_encode(&c, &encoder_datadog);
        assert_row(count_of(pods_text, row[i].end) == count_of(pods_text, "\n"), row[i].end);
        assert_null(strstr(pods_encode(&c, &encoder_dogstatsd), "|c:"));
    }
    pods_tear_down(&c);
}

/* --- tags ----------------------------------------------------------------------------- */

static void tags_that_are_not_known_are_left_out(void **state)
{
    struct scene c;
    struct pod_series *s;

    (void)state;
    pods_set_up(&c, &pods_users);
    strcpy(pods_add(&c, "", "")->text.netns, "4026531840");
    strcpy(pods_add(&c, "", "")->text.container, "web=1");
    s = pods_add(&c, "a", "b");
    strcpy(s->text.uid, "u-1");
    strcpy(s->text.container, "c0ffee");
    for (unsigned i = 0; i < 3; i++)
        pods_series[i].ipv6 = false;
    pods_add(&c, "x", "y")->live = false;
    assert_string_equal(heads(&c),
                        "netstat_pod,host=h,ip_version=4,netns=4026531840\n"
                        "netstat_pod,container_id=web\\=1,host=h,ip_version=4\n"
                        "netstat_pod,container_id=c0ffee,host=h,ip_version=4,namespace=a,pod_name=b,pod_uid=u-1\n"
                        "netstat_pod,host=h,netns=4026531840\n"
                        "netstat_pod,container_id=web\\=1,host=h\n"
                        "netstat_pod,container_id=c0ffee,host=h,namespace=a,pod_name=b,pod_uid=u-1\n");
    pods_encode(&c, &encoder_statsd);
    assert_non_null(strstr(pods_text, "\nh.netstat_pod.4026531840.tcp_current:"));
    assert_non_null(strstr(pods_text, "\nh.netstat_pod.web_1.4.tcp_inuse:"));
    assert_non_null(strstr(pods_text, "\nh.netstat_pod.a.b.u-1.c0ffee.4.tcp_inuse:"));
    pods_tear_down(&c);
}

static void the_pods_tags_win_over_the_users(void **state)
{
    static struct tag tag[] = {{"namespace", "x"}, {"netns", NULL}, {"pod:uid", "x"}, {"team", NULL}, {"zone", "z"}};
    static const struct tags mine = {tag, COUNT_OF(tag)};
    struct scene c;

    (void)state;
    pods_set_up(&c, &mine);
    pods_add(&c, "a", "b")->ipv6 = false;
    strcpy(pods_add(&c, "", "")->text.uid, "u");
    pods_series[1].ipv6 = false;
    assert_string_equal(heads(&c), "netstat_pod,ip_version=4,namespace=a,pod_name=b,team=true,zone=z\n"
                                   "netstat_pod,ip_version=4,pod_uid=u,team=true,zone=z\n"
                                   "netstat_pod,namespace=a,pod_name=b,team=true,zone=z\n"
                                   "netstat_pod,pod_uid=u,team=true,zone=z\n");
    assert_non_null(strstr(pods_encode(&c, &encoder_dogstatsd), "|#namespace:a,pod_name:b,team,zone:z\n"));
    pods_encode(&c, &encoder_influx);
    c.s.pods = NULL;
    snapshot_encode(
        &c.s, &encoder_influx,
        &(struct sink){.out = &(struct buf){.data = pods_text, .cap = sizeof pods_text}, .line_max = 16383});
    assert_non_null(strstr(pods_text, "netstat,ip_version=4,namespace=x,netns=true,pod:uid=x,team=true,zone=z "));
    pods_tear_down(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_each_format),
        cmocka_unit_test(fields_have_their_names_and_order),
        cmocka_unit_test(the_table_has_a_paragraph_for_each_point),
        cmocka_unit_test(sections_are_the_pods),
        cmocka_unit_test(tags_that_are_not_known_are_left_out),
        cmocka_unit_test(the_pods_tags_win_over_the_users),
    };

    return cmocka_run_group_tests_name("snapshot_pods", tests, NULL, NULL);
}
