/* Changes each byte of a recorded handshake once. The handshake must be refused, or the change must not matter.
 * There must be no crash, no leak, and no connection to an untrusted peer. */
#include "unit/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

#include "unit/tls/tls_recorded.h"

#define RECORDING_MAX 8192
#define HEADER        5
enum { CHANGE_CIPHER_SPEC = 20, APPLICATION_DATA = 23 }; /* types of records; TLS 1.3 encrypts the latter two */

static size_t read_recording(const char *path, uint8_t *out)
{
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, out, RECORDING_MAX);

    assert_true(n > 500 && n < RECORDING_MAX);
    close(fd);
    return (size_t)n;
}

/* Returns where the record of this byte begins. */
static size_t record_of(const uint8_t *bytes, size_t byte)
{
    size_t at = 0, end;

    while ((end = at + HEADER + (size_t)(bytes[at + 3] << 8 | bytes[at + 4])) <= byte)
        at = end;
    return at;
}

static void flip_each_byte(const char *path)
{
    static const uint8_t masks[] = {0x01, 0x80, 0xff, 0x20};
    uint8_t bytes[RECORDING_MAX];
    size_t len = read_recording(path, bytes), ignored = 0;
    char why[400] = "";

    if (recorded_answer(bytes, len, false, why, sizeof why))
        fail_msg("%s does not fit: %s", path, why);
    for (size_t i = 0; i < len; i += ONE_IN) {
        uint8_t was = bytes[i];
        size_t record = record_of(bytes, i);
        /* No key or hash covers headers in clear, and what TLS 1.3 sends only for old middleboxes. */
        bool harmless = i < record + HEADER || bytes[record] == CHANGE_CIPHER_SPEC;
        bool ends = harmless || bytes[record] != APPLICATION_DATA; /* a larger length makes the client wait for more */

        bytes[i] ^= masks[i % COUNT_OF(masks)];
        why[0] = '\0';
        if (recorded_answer(bytes, len, ends, why, sizeof why)) {
            assert_true(*why);
        } else {
            if (!harmless)
                fail_msg("%s: byte %zu of %zu was changed, and the receiver believed", path, i, len);
            ignored++;
        }
        bytes[i] = was;
    }
    print_message("%s: %zu bytes, %zu of no importance\n", path, len, ignored);
}

static void tls_1_2(void **state)
{
    (void)state;
    flip_each_byte("tests/fuzz/corpus/tls/tls12");
}

static void tls_1_3(void **state)
{
    (void)state;
    flip_each_byte("tests/fuzz/corpus/tls/tls13");
}

static void one_that_ends_early(void **state)
{
    uint8_t bytes[RECORDING_MAX];
    size_t len = read_recording("tests/fuzz/corpus/tls/tls12", bytes);
    char why[400];

    (void)state;
    for (size_t i = 0; i < len; i += 7) {
        why[0] = '\0';
        assert_true(recorded_answer(bytes, i, true, why, sizeof why) < 0);
        assert_true(*why);
    }
}

/* --- making a recording --------------------------------------------------------------- */

/* Copies the receiver's bytes to the client and to the file, until both are done. */
static void pass_on(int client, int receiver, int file)
{
    uint8_t bytes[16384];
    ssize_t n;

    for (int idle = 0; idle < 50; idle++, platform_sleep_ns(10000000)) {
        if ((n = recv(client, bytes, sizeof bytes, MSG_DONTWAIT)) > 0 && write(receiver, bytes, (size_t)n) == n)
            idle = 0;
        if ((n = recv(receiver, bytes, sizeof bytes, MSG_DONTWAIT)) > 0 && write(client, bytes, (size_t)n) == n &&
            write(file, bytes, (size_t)n) == n)
            idle = 0;
    }
}

static void *shake(void *fd)
{
    char why[400] = "";
    struct tls *t = NULL;

    if (recorded_open(&t, *(int *)fd, why, sizeof why))
        print_error("%s\n", why);
    platform_sleep_ns(300000000);
    tls_close(t);
    return NULL;
}

static int record(const char *port, const char *path)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int ends[2], receiver = socket(AF_INET, SOCK_STREAM, 0), file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    pthread_t thread;

    if (file < 0 || connect(receiver, (struct sockaddr *)&to, sizeof to) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) || pthread_create(&thread, NULL, shake, &ends[0]))
        return 1;
    pass_on(ends[1], receiver, file);
    pthread_join(thread, NULL);
    return 0;
}

/* The recordings were made with these commands. The first one makes RECORDED_CA.
 *   openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert -days 36500 \
 *     -subj /CN=localhost -addext subjectAltName=DNS:localhost
 *   openssl s_server -quiet -accept 4433 -cert cert -key key -num_tickets 1 -tls1_3     (or -tls1_2) */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_1_2),
        cmocka_unit_test(tls_1_3),
        cmocka_unit_test(one_that_ends_early),
    };

    return argc == 4 && !strcmp(argv[1], "record") ? record(argv[2], argv[3])
                                                   : cmocka_run_group_tests(tests, NULL, NULL);
}
