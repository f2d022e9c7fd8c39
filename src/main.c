#include <string.h>

#include <cJSON.h>

#include "base/format.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/version.h"
#include "config/foreign.h"
#include "output/transport.h"
#include "program.h"
#include "tls/tls.h"

/* The Makefile sets both for this file alone: the processor, and the commit where it is known. */
#ifndef SOCKPUSH_CPU
#define SOCKPUSH_CPU ""
#endif
#ifndef SOCKPUSH_COMMIT
#define SOCKPUSH_COMMIT ""
#endif

#define TEXT(macro)  TEXT_(macro)
#define TEXT_(value) #value

#define HELP_WIDTH 54 /* columns of a meaning; 80 with its name */

static struct program program;

static void set_log(void)
{
    log_set_style((enum log_style)program.config.v.log_style);
    log_set_level((enum log_level)program.config.v.log_level);
}

static void report(void *ctx, enum log_level level, const char *variable, const char *message)
{
    const bool *is_wrong = ctx;

    if (*is_wrong)
        return; /* one error at a time: the arguments */
    set_log();  /* its variables are read first; what is wrong with them is an error, and logged at any level */
    log_event(level, variable ? "variable" : NULL, variable, "%s", message);
}

/* Prints a name and its meaning, which is wrapped at blanks; no word in it is longer than a line. */
static void print_row(const char *name, const char *meaning)
{
    while (*meaning) {
        size_t len = strlen(meaning);

        if (len > HELP_WIDTH)
            for (len = HELP_WIDTH; meaning[len] != ' ';)
                len--;
        print("  %-22s  %.*s\n", name, (int)len, meaning);
        name = "";
        meaning += len + (meaning[len] == ' ');
    }
}

static void print_help(void)
{
    struct arena *a = &program.config.arena;

    print("Usage: sockpush [--help | --version | --check | --top]\n\n"
          "sockpush counts this machine's TCP and UDP sockets by state and port, and pushes\n"
          "the counts. Environment variables set all of it; SOCKPUSH_TO=stdout: shows what\n"
          "would be pushed. --check prints the configuration, tries each output without\n"
          "sending lines, and polls once. --top shows this machine's ports to a person, and\n"
          "pushes nothing.\n");
    for (const struct variable *v = variables; *v->name; v++) {
        if (v == variables || v->group != v[-1].group)
            print("\n%s\n", group_name[v->group]);
        print_row(v->name, arena_format(a, *v->def ? "%s (default %s)" : "%s", variable_help(v, a), v->def));
    }
    print("\nNames of other programs are read where ours is unset: the first that is set, but\n"
          "all that set tags.\n");
    for (const struct foreign *f = foreign; *f->name;) {
        const char *of = f->of, *names = f->name;

        while (*(++f)->name && !strcmp(f->of, of))
            names = arena_format(a, "%s, %s", names, f->name);
        print_row(of, names);
    }
    print("\nOutputs; FORMAT+ before one sets its format, as in influx+udp://HOST\n"
          "  udp://HOST[:PORT]  tcp://HOST:PORT  tls://HOST:PORT  unix:///PATH  stdout:\n"
          "  http://HOST[:PORT]/PATH?QUERY  https://HOST[:PORT]/PATH?QUERY\n"
          "  tcp, tls, http, https: hosts after a comma are tried when the first fails\n"
          "  otlp: the receiver that OTEL_EXPORTER_OTLP_* name\n");
    print("\nStatus: 0 all is well; 1 nothing could be read, or lines stayed unsent; 2 the\n"
          "configuration is bad.\n");
}

static void print_version(void)
{
    print("sockpush " SOCKPUSH_VERSION "%s\nsystem: %s%s, %s\n"
          "TLS: %s; C library: %s %s; JSON: cJSON " TEXT(CJSON_VERSION_MAJOR) "." TEXT(CJSON_VERSION_MINOR) "." TEXT(
              CJSON_VERSION_PATCH) "\nformats:",
          *SOCKPUSH_COMMIT ? " (commit " SOCKPUSH_COMMIT ")" : "", platform_name, *SOCKPUSH_CPU ? " " SOCKPUSH_CPU : "",
          platform_tried, tls_library, platform_library[0], platform_library[1]);
    for (const struct encoder *const *e = encoders; *e; e++)
        print(" %s", (*e)->name);
    print("\noutputs:");
    for (const struct transport *const *t = transports; *t; t++)
        if (tls_built || !(*t)->has_tls)
            print(" %s", (*t)->scheme);
    print("\nbackends:");
    for (const struct backend *const *b = platform_backends; *b; b++)
        print(" %s", (*b)->name);
    print(" record replay\n");
}

/* Returns the exit status: 1 if stdout failed, else the status passed. */
static int printed(int status)
{
    if (print_is_whole())
        return status;
    log_event(LOG_ERROR, NULL, NULL, "not all could be written to stdout");
    return 1;
}

static void be_first_process(void)
{
    int ret = platform_first_process();

    if (ret > 0)
        log_event(LOG_INFO, NULL, NULL, "process 1: mounted /proc");
    else if (ret < 0)
        log_event(LOG_WARN, NULL, NULL, "process 1: cannot mount /proc: %s", platform_error_text(-ret));
}

/* Uses HOST_PROC if it is a procfs. It belongs to other programs, so a wrong value is ignored with a warning. */
static void choose_proc(struct config *c)
{
    int ret = c->proc_foreign ? platform_proc_check(c->proc_foreign) : 0;

    if (ret)
        log_event(LOG_WARN, "variable", "HOST_PROC", "\"%s\" is ignored: %s", c->proc_foreign,
                  platform_error_text(-ret));
    else if (c->proc_foreign)
        c->v.proc = c->proc_foreign;
}

enum argument { ARGUMENT_TOP, ARGUMENT_CHECK, ARGUMENT_VERSION, ARGUMENT_HELP, ARGUMENT_H, ARGUMENTS };

/* Returns which argument it is, ARGUMENTS if there is no such one. */
static enum argument find_argument(const char *text)
{
    static const char known[][10] = {"--top", "--check", "--version", "--help", "-h"};
    enum argument i = 0;

    while (i < ARGUMENTS && strcmp(known[i], text))
        i++;
    return i;
}

/* Returns the first unknown argument, or the second. */
static const char *wrong_argument(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (find_argument(argv[i]) == ARGUMENTS)
            return argv[i];
    return argv[2];
}

/* Returns the first argument that is known, or "". */
static const char *known_argument(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (find_argument(argv[i]) < ARGUMENTS)
            return argv[i];
    return "";
}

static void report_arguments(int argc, char **argv)
{
    const char *known = known_argument(argc, argv);

    log_event(LOG_ERROR, "argument", wrong_argument(argc, argv),
              "accepted is one of --help, -h, --version, --check, --top; environment variables set all else%s%s%s",
              *known ? "; did you mean \"sockpush " : "", known, *known ? "\"?" : "");
}

int main(int argc, char **argv)
{
    static struct arena of_top;
    char host_name[256];
    enum argument argument = argc == 2 ? find_argument(argv[1]) : ARGUMENTS;
    bool is_wrong = argc > 1 && argument == ARGUMENTS;
    bool named, check = argument == ARGUMENT_CHECK, top = argument == ARGUMENT_TOP;
    struct diag diag = {.report = report, .ctx = &is_wrong};
    env_list env;
    int status;

    platform_init();
    if (argument < ARGUMENTS && !top)
        platform_end_at_once();
    if (argument < ARGUMENTS && !top && !check) {
        if (argument == ARGUMENT_VERSION)
            print_version();
        else
            print_help();
        return printed(0);
    }
    hash_draw_key();
    named = !platform_host_name(host_name, sizeof host_name);
    env = (env_list)platform_environment();
    config_read(&program.config, top ? top_environment(env, &of_top) : env, named ? host_name : NULL, &diag);
    set_log();
    if (is_wrong)
        report_arguments(argc, argv);
    if (is_wrong || diag.errors)
        return 2;
    if (!named && !program.config.host_named)
        log_event(LOG_WARN, "variable", "SOCKPUSH_HOST",
                  "not set, and this machine has no name: nothing has a tag host");
    be_first_process();
    platform_open_log();
    choose_proc(&program.config);
    program.config.top = top;
    if (check || top)
        program.config.record = NULL; /* they create no file */
    status = program_init(&program);
    if (status)
        return status;
    status = check ? printed(program_check(&program)) : top ? program_top(&program) : program_run(&program);
    platform_exit(status); /* a thread may hang in the resolver */
}
