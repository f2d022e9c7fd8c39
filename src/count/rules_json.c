/* The JSON form of the port rules:
 *   ["80","443"]
 *   [{"ports":["80"],"ports_match":["*:80"],"tags":{"service":"http"}}, …] */
#include <errno.h>

#include "cjson_config.h" /* before cJSON.h */
#include "base/format.h"
#include "cJSON.h"
#include "count/rules.h"

static struct arena *json_arena; /* memory of the parsing in progress; there is one at a time */

/* Replaces strtod for cJSON (cjson_config.h): reads digits only, so cJSON rejects a fraction. */
int json_number(const char *text, char **end)
{
    int value = 0;

    for (; *text >= '0' && *text <= '9' && value < 100000; text++)
        value = value * 10 + *text - '0';
    *end = (char *)(uintptr_t)text;
    return value;
}

void *json_malloc(size_t size)
{
    return arena_zero(json_arena, size, 1);
}

/* Never called: only cJSON's printing reallocates. */
void *json_realloc(void *memory, size_t size)
{
    (void)memory, (void)size;
    return NULL;
}

void json_free(void *memory)
{
    (void)memory;
}

struct reader {
    struct rules *rules;
    struct arena *arena;
    struct diag *diag;
    const char *variable;
    bool bare_v6;
};

static int refuse(const struct reader *r, const char *why)
{
    diag_error(r->diag, r->variable, "%s", why);
    return -EINVAL;
}

/* Adds the rule in item: a string, or a port number. */
static int add_rule(const struct reader *r, const cJSON *item, bool match_only)
{
    char number[16];
    const char *text = item->valuestring;

    if (cJSON_IsNumber(item)) {
        text_format(number, sizeof number, "%d", item->valueint);
        text = number;
    } else if (!cJSON_IsString(item)) {
        return refuse(r, "a rule in JSON is a string or a port number");
    }
    return rules_add(r->rules, text, strlen(text), match_only, r->bare_v6, r->variable, r->arena, r->diag);
}

static int add_rules(const struct reader *r, const cJSON *array, bool match_only)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, array) if (add_rule(r, item, match_only)) return -EINVAL;
    return 0;
}

/* Adds the object's members as tags. Copies their texts, because the JSON tree is freed. */
static int read_tags(const struct reader *r, const cJSON *object, struct tags *tags)
{
    const cJSON *item;

    if (object && !cJSON_IsObject(object))
        return refuse(r, "\"tags\" is an object of strings");
    cJSON_ArrayForEach(item, object)
    {
        if (!cJSON_IsString(item))
            return refuse(r, "\"tags\" is an object of strings");
        for (const cJSON *before = object->child; before != item; before = before->next)
            if (!strcmp(before->string, item->string))
                return refuse(r, "a key is twice in \"tags\"");
        if (tags_add(tags, arena_text(r->arena, item->string, strlen(item->string)),
                     arena_text(r->arena, item->valuestring, strlen(item->valuestring)), r->variable, r->arena,
                     r->diag))
            return -EINVAL;
    }
    return 0;
}

static int add_group(const struct reader *r, const cJSON *group)
{
    const cJSON *ports = NULL, *match = NULL, *tags_object = NULL, *item;
    struct tags tags = {0};

    cJSON_ArrayForEach(item, group)
    {
        const cJSON **known = !strcmp(item->string, "ports")         ? &ports
                              : !strcmp(item->string, "ports_match") ? &match
                              : !strcmp(item->string, "tags")        ? &tags_object
                                                                     : NULL;
        if (!known) {
            diag_error(r->diag, r->variable, "unknown key \"%.40s\": accepted are ports, ports_match, tags",
                       item->string);
            return -EINVAL;
        }
        if (*known) {
            diag_error(r->diag, r->variable, "key \"%s\" is twice in a group", item->string);
            return -EINVAL;
        }
        *known = item;
    }
    if ((ports && !cJSON_IsArray(ports)) || (match && !cJSON_IsArray(match)))
        return refuse(r, "\"ports\" and \"ports_match\" are arrays");
    if (cJSON_GetArraySize(ports) + cJSON_GetArraySize(match) == 0)
        return refuse(r, "a group has no ports");
    if (read_tags(r, tags_object, &tags))
        return -EINVAL;
    if (cJSON_GetArraySize(ports) && cJSON_GetArraySize(match))
        diag_warn(r->diag, r->variable, "a group with \"ports_match\" ignores its \"ports\"");
    if (rules_add_group(r->rules, &tags, r->arena))
        return refuse(r, "too many groups");
    if (cJSON_GetArraySize(match))
        return add_rules(r, match, true);
    return add_rules(r, ports, false);
}

static int add_groups(const struct reader *r, const cJSON *root)
{
    const cJSON *item;

    if (!root->child)
        return refuse(r, "an empty list of rules");
    if (cJSON_IsObject(root))
        return refuse(r, "put groups into an array: [{…}]");
    if (!cJSON_IsObject(root->child)) {
        rules_add_group(r->rules, &(struct tags){0}, r->arena);
        return add_rules(r, root, false);
    }
    cJSON_ArrayForEach(item, root)
    {
        if (!cJSON_IsObject(item))
            return refuse(r, "an array holds rules or groups, not both");
        if (add_group(r, item))
            return -EINVAL;
    }
    return 0;
}

/* Returns true if a string has \u0000, where cJSON's text would silently end. */
static bool holds_nul(const char *text)
{
    for (; (text = strchr(text, '\\')); text += 1 + (text[1] != '\0')) /* skips the escaped byte, too */
        if (!strncmp(text, "\\u0000", 6))
            return true;
    return false;
}

int rules_parse_json(const char *text, bool bare_v6, const char *variable, struct arena *a, struct diag *d,
                     struct rules *out)
{
    const struct reader r = {.rules = out, .arena = a, .diag = d, .variable = variable, .bare_v6 = bare_v6};
    struct arena memory = {0};
    const char *end = NULL;
    const cJSON *root;
    int ret = -EINVAL;

    if (holds_nul(text))
        return refuse(&r, "\\u0000 is not accepted");
    json_arena = &memory;
    root = cJSON_ParseWithOpts(text, &end, true);

    if (!root) {
        size_t at = end ? (size_t)(end - text) : 0;

        diag_error(d, variable, "not JSON at byte %zu: \"%.20s\"", at + 1, end ? end : text);
    } else {
        ret = add_groups(&r, root);
    }
    arena_free(&memory);
    return ret;
}
