/* Test helpers that use the system: memory that ends at a page, and files. */
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/helper.h"

#define FLUSH_MAX 65536

char *flush_copy(const void *bytes, size_t len)
{
    static char *room;

    if (!room) {
        size_t page = (size_t)sysconf(_SC_PAGESIZE);

        room = mmap(NULL, FLUSH_MAX + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_ptr_not_equal(room, MAP_FAILED);
        assert_int_equal(mprotect(room + FLUSH_MAX, page, PROT_NONE), 0);
    }
    assert_true(len <= FLUSH_MAX);
    if (len)
        memcpy(room + FLUSH_MAX - len, bytes, len);
    return room + FLUSH_MAX - len;
}

/* --- files ------------------------------------------------------------------ */

char *dir_make(void)
{
    char *dir = strdup(P_tmpdir "/sockpush-unit-XXXXXX");

    assert_non_null(dir);
    assert_non_null(mkdtemp(dir));
    return dir;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status, (void)type, (void)where;
    return remove(path);
}

void dir_remove(char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(dir);
}

static void path_of(char out[512], const char *dir, const char *name)
{
    snprintf(out, 512, "%s/%s", dir, name);
    for (char *slash = strchr(out + strlen(dir) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(out, 0700);
        *slash = '/';
    }
}

void dir_put(const char *dir, const char *name, const void *bytes, size_t len)
{
    char path[512];
    FILE *file;

    path_of(path, dir, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

void dir_put_text(const char *dir, const char *name, const char *text)
{
    dir_put(dir, name, text, strlen(text));
}

void dir_link(const char *dir, const char *name, const char *target)
{
    char path[512];

    path_of(path, dir, name);
    assert_int_equal(symlink(target, path), 0);
}

void dir_unlink(const char *dir, const char *name)
{
    char path[512];

    path_of(path, dir, name);
    assert_int_equal(unlink(path), 0);
}
