#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/version.h"
#include "config/foreign.h"
#include "program.h"

static struct program program;

static void report(void *ctx, enum log_level level, const char *variable, const char *message)
{
    (void)ctx;
    /* The level is the last variable that is read. Until then it is LOG_ERROR, and only errors are reported. */
    log_set_level((enum log_level)program.config.v.log_level);
    log_event(level, variable ? "variable" : NULL, variable, "%s", message);
}

static void print_help(void)
{
    print("sockpush counts this machine's TCP and UDP sockets by state and port and pushes the counts.\n"
          "Usage: sockpush [--help | --version | --check]\n\n"
          "Everything is set by environment variables:\n");
    for (const struct variable *v = variables; *v->name; v++)
        print("  %-21s  %-15s  %s\n", v->name, *v->def ? v->def : "-", variable_help(v, &program.config.arena));
    print("\nNames of other programs, where ours are unset:\n");
    for (const struct foreign *f = foreign; *f->name; f++)
        print("  %-28s  %s\n", f->name, f->of);
    print("\n"
          "--check prints the configuration, tries each output without sending, and makes one poll.\n"
          "Status: 0 well, 1 nothing could be read or lines stayed unsent, 2 a bad configuration.\n");
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

static bool is_known(const char *argument)
{
    return !strcmp(argument, "--help") || !strcmp(argument, "-h") || !strcmp(argument, "--version") ||
           !strcmp(argument, "--check");
}

/* Returns the first unknown argument, or the second. */
static const char *wrong_argument(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!is_known(argv[i]))
            return argv[i];
    return argv[2];
}

int main(int argc, char **argv)
{
    struct diag diag = {.report = report};
    char host_name[256];
    const char *argument = argc == 2 ? argv[1] : "";
    bool named, help = !strcmp(argument, "--help") || !strcmp(argument, "-h"), version = !strcmp(argument, "--version"),
                check = !strcmp(argument, "--check");
    int status;

    platform_init();
    if (help || version || check)
        platform_end_at_once();
    if (help) {
        print_help();
        return printed(0);
    }
    if (version) {
        print("sockpush " SOCKPUSH_VERSION " for %s: %s\n", platform_name, platform_tried);
        return printed(0);
    }
    if (argc > 1 && !check) {
        log_event(LOG_ERROR, "argument", wrong_argument(argc, argv),
                  "accepted is one of --help, --version, --check; all else is set by environment variables");
        return 2;
    }
    hash_draw_key();
    named = !platform_host_name(host_name, sizeof host_name);
    config_read(&program.config, (env_list)platform_environment(), named ? host_name : NULL, &diag);
    log_set_level((enum log_level)program.config.v.log_level);
    if (diag.errors)
        return 2;
    if (!named && !program.config.host_named)
        log_event(LOG_WARN, "variable", "SOCKPUSH_HOST",
                  "not set, and this machine has no name: nothing has a tag host");
    be_first_process();
    choose_proc(&program.config);
    if (check)
        program.config.record = NULL; /* --check creates no file */
    status = program_init(&program);
    if (status)
        return status;
    status = check ? printed(program_check(&program)) : program_run(&program);
    platform_exit(status); /* a thread may hang in the resolver */
}
