/* Makes relocated data read-only, which musl does not do in a static PIE. If mprotect is refused, it stays writable. */
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden"))); /* set by the linker */

__attribute__((constructor)) static void protect(void)
{
    const char *base = (const char *)&__ehdr_start;
    uintptr_t page = (uintptr_t)getpagesize() - 1;
    const ElfW(Phdr) *p = (const void *)(base + __ehdr_start.e_phoff);

    for (int i = 0; i < __ehdr_start.e_phnum; i++)
        if (p[i].p_type == PT_GNU_RELRO) {
            uintptr_t start = (uintptr_t)base + p[i].p_vaddr, end = start + p[i].p_memsz;

            start &= ~page;
            mprotect((void *)start, (end & ~page) - start, PROT_READ);
        }
}
