/* Bytecode for inet_diag, judged by an interpreter of its own that follows net/ipv4/inet_diag.c: what the kernel's
 * inet_diag_bc_audit would refuse fails here, too. */
#include <linux/inet_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink_filter.h"
#include "unit/helper.h"

static _Alignas(uint32_t) uint8_t code[FILTER_MAX];
static size_t code_len;

static struct inet_diag_bc_op op_at(size_t at)
{
    struct inet_diag_bc_op op;

    memcpy(&op, code + at, sizeof op);
    return op;
}

/* Bytes of the operation at a place, its operands with it. */
static size_t op_size(size_t at)
{
    switch (op_at(at).code) {
    case INET_DIAG_BC_S_GE:
    case INET_DIAG_BC_D_GE: return 8;
    case INET_DIAG_BC_JMP: return 4;
    case INET_DIAG_BC_D_COND: return 4 + sizeof(struct inet_diag_hostcond) + 4;
    default: return 0;
    }
}

static bool begins_an_op(size_t place)
{
    size_t at = 0;

    while (at < place && op_size(at))
        at += op_size(at);
    return at == place;
}

/* Returns true if inet_diag_bc_audit would accept it: every jump leads forward, to an operation, the end, or 4 bytes
 * beyond it. */
static bool is_sound(void)
{
    for (size_t at = 0; at < code_len; at += op_size(at)) {
        struct inet_diag_bc_op op = op_at(at);
        size_t left = code_len - at;

        if (!op_size(at) || op_size(at) > left || op.yes < op_size(at) || op.yes % 4 || op.no < 4 || op.no % 4)
            return false;
        if (op.yes > left + 4 || op.no > left + 4)
            return false;
        if ((op.yes < left && !begins_an_op(at + op.yes)) || (op.no < left && !begins_an_op(at + op.no)))
            return false;
    }
    return true;
}

/* Runs the bytecode as inet_diag_bc_run does. */
static bool accepts(uint16_t port, uint16_t remote_port, bool ipv4)
{
    size_t at = 0;

    while (at < code_len) {
        struct inet_diag_bc_op op = op_at(at);
        bool yes;

        switch (op.code) {
        case INET_DIAG_BC_JMP: yes = false; break;
        case INET_DIAG_BC_S_GE: yes = port >= op_at(at + 4).no; break;
        case INET_DIAG_BC_D_GE: yes = remote_port >= op_at(at + 4).no; break;
        default: {
            struct inet_diag_hostcond host;

            memcpy(&host, code + at + 4, sizeof host);
            assert_true(host.family == AF_INET && !host.prefix_len && host.port == -1);
            yes = ipv4;
        }
        }
        at += yes ? op.yes : op.no;
    }
    return at == code_len;
}

static bool in_range(const struct filter_ports *ports, enum filter_side side, uint32_t port)
{
    for (size_t i = 0; i < ports->n[side]; i++)
        if (port >= ports->range[side][i].low && port <= ports->range[side][i].high)
            return true;
    return false;
}

/* Tries all ports of either side, with any port of the other. */
static void judge(const struct filter_ports *ports)
{
    for (enum filter_family family = FILTER_NONE; family <= FILTER_IPV6; family++) {
        if (!ports->n[FILTER_LOCAL] && !ports->n[FILTER_REMOTE] && !family)
            continue;
        memset(code, 0xff, sizeof code);
        code_len = netlink_filter(ports, family, code);
        assert_true(code_len && code_len <= sizeof code);
        assert_true(is_sound());
        for (uint32_t port = 0; port < 65536; port += ONE_IN)
            for (enum filter_side side = FILTER_LOCAL; side < FILTER_SIDES; side++) {
                uint16_t tried = (uint16_t)port, other = (uint16_t)any(65536);
                uint16_t local = side == FILTER_LOCAL ? tried : other, remote = side == FILTER_LOCAL ? other : tried;
                bool ipv4 = any(2);

                assert_int_equal(accepts(local, remote, ipv4), in_range(ports, FILTER_LOCAL, local) ||
                                                                   in_range(ports, FILTER_REMOTE, remote) ||
                                                                   family == (ipv4 ? FILTER_IPV4 : FILTER_IPV6));
            }
    }
}

static void judge_sides(const struct port_range *range, size_t n, enum filter_side side)
{
    struct filter_ports ports = {0};

    ports.n[side] = n;
    memcpy(ports.range[side], range, n * sizeof *range);
    judge(&ports);
}

static void a_socket_passes_by_a_port_or_its_family(void **state)
{
    static const struct port_range range[] = {{0, 0}, {80, 80}, {443, 443}, {8000, 8100}, {65535, 65535}};
    static const struct filter_ports none;

    (void)state;
    judge(&none);
    for (enum filter_side side = FILTER_LOCAL; side < FILTER_SIDES; side++) {
        for (size_t i = 0; i < COUNT_OF(range); i++)
            judge_sides(range + i, 1, side);
        judge_sides(range, COUNT_OF(range), side);
        judge_sides(&(struct port_range){0, 65535}, 1, side);
    }
}

static void put_any(struct filter_ports *ports, enum filter_side side, size_t n)
{
    ports->n[side] = n;
    for (size_t i = 0; i < n; i++) {
        struct port_range *range = &ports->range[side][i];

        range->low = (uint16_t)(i * 1000 + any(400));
        range->high = (uint16_t)(range->low + any(500));
    }
}

static void any_ranges_are_searched(void **state)
{
    (void)state;
    any_seed(1);
    for (size_t n = 1; n <= FILTER_RANGES; n++) {
        struct filter_ports ports;
        size_t remote = n % 2 ? any(2) * n : any((uint32_t)n + 1);

        put_any(&ports, FILTER_LOCAL, n - remote);
        put_any(&ports, FILTER_REMOTE, remote);
        judge(&ports);
    }
}

static void the_largest_filter_has_room(void **state)
{
    (void)state;
    any_seed(2);
    for (size_t remote = 0; remote <= FILTER_RANGES; remote++) {
        struct filter_ports ports;

        put_any(&ports, FILTER_LOCAL, FILTER_RANGES - remote);
        put_any(&ports, FILTER_REMOTE, remote);
        assert_in_range(netlink_filter(&ports, FILTER_IPV6, code), 1, FILTER_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_passes_by_a_port_or_its_family),
        cmocka_unit_test(any_ranges_are_searched),
        cmocka_unit_test(the_largest_filter_has_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
