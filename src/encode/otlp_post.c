/* The request of OTLP: its resource, and one scope.
 *
 *   ExportMetricsServiceRequest  1 ResourceMetrics
 *   ResourceMetrics              1 Resource               2 ScopeMetrics
 *   Resource                     1 KeyValue*
 *   ScopeMetrics                 1 InstrumentationScope   2 Metric*
 *   InstrumentationScope         1 name   2 version */
#include <string.h>

#include "base/version.h"
#include "encode/encode.h"
#include "encode/otlp.h"
#include "encode/protobuf.h"

size_t otlp_attribute_len(const struct tag *tag)
{
    size_t value = pb_field_len(strlen(tag_text(tag)));

    return pb_field_len(pb_field_len(strlen(tag->key)) + pb_field_len(value));
}

/* Begins the request: its resource, and the scope that the metrics follow in. */
static void put_preamble(struct buf *b, const char *resource, size_t resource_len, size_t len)
{
    static const char name[] = "sockpush", version[] = SOCKPUSH_VERSION;
    size_t scope = pb_field_len(sizeof name - 1) + pb_field_len(sizeof version - 1),
           metrics = pb_field_len(scope) + len;

    pb_put_head(b, PB_BYTES(1), resource_len + pb_field_len(metrics));
    buf_put(b, resource, resource_len);
    pb_put_head(b, PB_BYTES(2), metrics);
    pb_put_head(b, PB_BYTES(1), scope);
    pb_put_text(b, PB_BYTES(1), name);
    pb_put_text(b, PB_BYTES(2), version);
}

void otlp_put_resource(struct buf *b, const struct tags *attributes)
{
    size_t len = 0;

    for (size_t i = 0; i < attributes->n; i++)
        len += otlp_attribute_len(&attributes->tag[i]);
    pb_put_head(b, PB_BYTES(1), len);
    for (size_t i = 0; i < attributes->n; i++)
        otlp_put_attribute(b, PB_BYTES(1), &attributes->tag[i]);
}

const struct posting otlp_posting = {
    .path = "/v1/metrics",
    .type = "application/x-protobuf",
    .headers = "",
    .by_poll = true,
    .few_retries = true,
    .halves = true,
    .preamble = put_preamble,
    .rejected = otlp_rejected,
    .reason = otlp_reason,
};
