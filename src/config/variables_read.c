/* Reads variables from the environment. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/utf8.h"
#include "config/foreign.h"
#include "config/variables.h"

/* Returns the value without white space around it, of *len bytes, or NULL if it is unset or empty. */
static const char *find_value(env_list env, const char *name, size_t *len)
{
    size_t name_len = strlen(name);

    for (; *env; env++) {
        const char *text = *env + name_len + 1;

        if (strncmp(*env, name, name_len) || (*env)[name_len] != '=')
            continue;
        *len = strlen(text);
        text_trim(&text, len);
        return *len ? text : NULL;
    }
    return NULL;
}

static unsigned form_of(const char *name)
{
    for (const struct variable *v = variables; *v->name; v++)
        if (!strcmp(v->name, name))
            return v->form;
    for (const struct foreign *f = foreign; *f->name; f++)
        if (!strcmp(f->name, name))
            return f->form;
    return 0;
}

char *env_get(env_list env, const char *name, struct arena *a)
{
    size_t len;
    const char *text = find_value(env, name, &len);
    char *copy = text ? arena_text(a, text, len) : NULL;

    if (copy && form_of(name) & FORM_TEXT)
        utf8_clean(copy);
    return copy;
}

void variables_check_text(env_list env, const char *name, unsigned form, struct arena *a, struct diag *d)
{
    size_t len;
    const char *text = find_value(env, name, &len);
    char quote = text ? *text : '\0';

    if (!text)
        return;
    if (form & FORM_TEXT && utf8_clean(arena_text(a, text, len)))
        diag_warn(d, name, "its bytes that are not UTF-8 become _");
    if (len > 1 && (quote == '"' || quote == '\'') && text[len - 1] == quote)
        diag_warn(d, name, "the quotes around it (%s) are part of it: env files and YAML lists keep quotes",
                  quote == '"' ? "\"" : "'");
    if (form & FORM_LIST && *text != '[' && (memchr(text, '\n', len) || memchr(text, '\r', len)))
        diag_warn(d, name, "it has a line break, which separates nothing: use commas");
}

void variables_check_texts(env_list env, struct arena *a, struct diag *d)
{
    for (const struct variable *v = variables; *v->name; v++)
        variables_check_text(env, v->name, v->form, a, d);
    for (const struct foreign *f = foreign; *f->name; f++)
        variables_check_text(env, f->name, f->form, a, d);
}

static bool read_word(const struct variable *v, const char *text, int64_t *out)
{
    for (int64_t i = 0; v->word(i); i++)
        if (!strcasecmp(v->word(i), text)) {
            *out = i;
            return true;
        }
    return false;
}

static bool read_number(const struct variable *v, const char *text, int64_t *out)
{
    return v->read(text, out) && (!v->max || (*out >= v->min && *out <= v->max));
}

static void read_one(const struct variable *v, const char *text, struct values *out, struct arena *a, struct diag *d)
{
    bool (*read)(const struct variable *, const char *, int64_t *) = v->word ? read_word : read_number;
    char *place = (char *)out + v->offset;
    int64_t value = 0;

    if (!v->word && !v->read) {
        memcpy(place, &text, sizeof text);
        return;
    }
    if (!text || !read(v, text, &value)) {
        if (text)
            diag_error(d, v->name, "\"%.60s\": accepted is: %s", text, variable_help(v, a));
        read(v, v->def, &value);
    }
    memcpy(place, &value, sizeof value);
}

/* --- unknown names --------------------------------------------------------- */

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

/* Returns the Levenshtein distance of two names of at most 63 bytes. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64], len = strlen(b);

    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < len; j++) {
            size_t above = row[j + 1];

            row[j + 1] = min3(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
            diagonal = above;
        }
    }
    return row[len];
}

static const struct variable *find(const char *name)
{
    for (const struct variable *v = variables; *v->name; v++)
        if (!strcmp(v->name, name))
            return v;
    return NULL;
}

/* Returns true for variables that Kubernetes sets for a Service named sockpush (its documentation, "Service",
 * "Environment variables"): SOCKPUSH_PORT=tcp://…, SOCKPUSH_PORT_…, SOCKPUSH_SERVICE_…, but not SOCKPUSH_PORT=80. */
static bool is_service_link(const char *text)
{
    return !strncmp(text, "SOCKPUSH_PORT_", 14) || !strncmp(text, "SOCKPUSH_SERVICE_", 17) ||
           (!strncmp(text, "SOCKPUSH_PORT=", 14) && strchr(text, ':'));
}

static void warn_unknown(const char *name, struct diag *d)
{
    const struct variable *nearest = variables;

    for (const struct variable *v = variables; *v->name; v++)
        if (distance(name, v->name) < distance(name, nearest->name))
            nearest = v;
    diag_warn(d, name, "unknown variable, ignored; did you mean %s?", nearest->name);
}

void variables_read(env_list env, struct values *out, struct arena *a, struct diag *d)
{
    enum { OF_LOG = 2 };
    const struct variable *end = variables;

    memset(out, 0, sizeof *out);
    while (*end->name)
        end++;
    for (const struct variable *v = end - OF_LOG; v < end; v++)
        read_one(v, env_get(env, v->name, a), out, a, d);
    for (const struct variable *v = variables; v < end - OF_LOG; v++)
        read_one(v, env_get(env, v->name, a), out, a, d);
    for (; *env; env++) {
        char name[64];
        size_t len = text_until(*env, "=");

        if (strncmp(*env, "SOCKPUSH_", 9))
            continue;
        if (len >= sizeof name)
            len = sizeof name - 1;
        memcpy(name, *env, len);
        name[len] = '\0';
        if (!find(name) && !is_service_link(*env))
            warn_unknown(name, d);
    }
}
