/* Reads what a receiver of OTLP answers, and finds records of protobuf. */
#include "encode/otlp.h"
#include "encode/record.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *body = (const char *)data;
    char words[40];
    uint32_t n;

    MUST(otlp_rejected(body, size, words, sizeof words) <= INT64_MAX);
    must_be_printable(words, sizeof words);
    otlp_reason(body, size, words, sizeof words);
    must_be_printable(words, sizeof words);
    for (size_t at = 0, one; at < size; at += one) {
        one = record_field(body + at, size - at);
        MUST(one && one <= size - at);
    }
    MUST(!size || record_pack(record_field, body, size, size / 2, &n) <= size);
    return 0;
}
