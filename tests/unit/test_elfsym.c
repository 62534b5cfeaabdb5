/* SPDX-License-Identifier: MIT */
/* Function names from ELF files, right, stripped, foreign and broken: elfsym.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stack/elfsym.h"

#define SELF "/proc/self/exe"

__attribute__((__noinline__)) static int a_static_function(int x)
{
	__asm__ volatile("");
	return x + 1;
}

static uintptr_t base_of(uintptr_t address)
{
	struct link_map *map;
	Dl_info info;

	assert_true(dladdr1((const void *)address, &info, (void **)&map, RTLD_DL_LINKMAP) != 0);
	return map->l_addr;
}

static void *read_file(const char *path, size_t *len_bytes)
{
	struct stat stat;
	void *image;
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &stat), 0);
	image = malloc((size_t)stat.st_size);
	assert_int_equal(read(fd, image, (size_t)stat.st_size), stat.st_size);
	close(fd);
	*len_bytes = (size_t)stat.st_size;
	return image;
}

static void a_static_function_is_named_from_symtab(void **state)
{
	uintptr_t offset = (uintptr_t)&a_static_function - base_of((uintptr_t)&a_static_function);
	char out[64];

	(void)state;
	assert_int_equal(a_static_function(1), 2);
	assert_int_equal(elfsym_name(SELF, NULL, 0, offset + 1, out, sizeof(out)),
			 strlen("a_static_function"));
	assert_string_equal(out, "a_static_function");
}

static void an_exported_function_is_named_from_dynsym(void **state)
{
	void *address = dlsym(RTLD_DEFAULT, "qsort");
	Dl_info info;
	char out[64];

	(void)state;
	assert_true(dladdr(address, &info) != 0);
	assert_true(elfsym_name(info.dli_fname, NULL, 0,
				(uintptr_t)address + 1 - base_of((uintptr_t)address), out,
				sizeof(out)) > 0);
	assert_string_equal(out, "qsort");
	/* of the names of one function, the plain one */
	address = dlsym(RTLD_DEFAULT, "recv");
	assert_true(elfsym_name(info.dli_fname, NULL, 0,
				(uintptr_t)address + 1 - base_of((uintptr_t)address), out,
				sizeof(out)) > 0);
	assert_string_equal(out, "recv");
}

/* Exported and static functions alike: the loader names an address when an exported function holds
 * it, and so must we. */
static void every_address_of_libc_is_named_as_the_loader_does(void **state)
{
	uintptr_t start = (uintptr_t)dlsym(RTLD_DEFAULT, "qsort") & ~(uintptr_t)0xffff;
	unsigned named = 0;
	unsigned unnamed = 0;

	(void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	skip(); /* qsort is the sanitizer's */
#endif
	for (uintptr_t at = start; at < start + 0x10000; at += 37) {
		Elf64_Sym *symbol = NULL;
		Dl_info info;
		char out[64];
		size_t len;

		assert_true(dladdr1((const void *)at, &info, (void **)&symbol, RTLD_DL_SYMENT) !=
			    0);
		len = elfsym_name(info.dli_fname, NULL, 0, at - (uintptr_t)info.dli_fbase, out,
				  sizeof(out));
		if (info.dli_sname == NULL) {
			assert_int_equal(len, 0);
			unnamed++;
		} else {
			/* one function may have several names */
			assert_true(len > 0);
			assert_true(strcmp(out, info.dli_sname) == 0 ||
				    (dlsym(RTLD_DEFAULT, out) == info.dli_saddr) ||
				    dlsym(RTLD_DEFAULT, out) == NULL);
			named++;
		}
	}
	assert_true(named > 100);
	assert_true(unnamed > 100);
}

static void a_long_name_is_cut(void **state)
{
	uintptr_t offset = (uintptr_t)&a_static_function - base_of((uintptr_t)&a_static_function);
	char out[9];

	(void)state;
	assert_int_equal(elfsym_name(SELF, NULL, 0, offset, out, sizeof(out)), 8);
	assert_string_equal(out, "a_static");
	assert_int_equal(elfsym_name(SELF, NULL, 0, offset, out, 1), 0);
	assert_string_equal(out, "");
}

static void an_offset_outside_every_function_has_no_name(void **state)
{
	char out[64] = "x";

	(void)state;
	assert_int_equal(elfsym_name(SELF, NULL, 0, 0, out, sizeof(out)), 0);
	assert_int_equal(elfsym_name(SELF, NULL, 0, 1, out, sizeof(out)), 0);
	assert_int_equal(elfsym_name(SELF, NULL, 0, UINT64_MAX, out, sizeof(out)), 0);
	assert_string_equal(out, "");
}

static void another_build_gives_no_name(void **state)
{
	uintptr_t offset = (uintptr_t)&a_static_function - base_of((uintptr_t)&a_static_function);
	const uint8_t other[20] = {1, 2, 3};
	char out[64];

	(void)state;
	assert_int_equal(elfsym_name(SELF, other, sizeof(other), offset, out, sizeof(out)), 0);
}

static void files_that_are_no_elf_give_no_name(void **state)
{
	static const char *const paths[] = {
		"/etc/passwd",	   "/", "/no/such/file", "/dev/null", "/dev/zero",
		"linux-vdso.so.1", "",
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(elfsym_name(paths[i], NULL, 0, 4096, out, sizeof(out)), 0);
}

/* Every header byte and a good part of the rest, damaged in turn; the image ends at a page that
 * cannot be read, so that a step too far is a crash. */
static void damaged_files_are_read_within_their_bounds(void **state)
{
	size_t len;
	unsigned char *file = read_file(SELF, &len);
	size_t pages = (len + 4095) / 4096 * 4096;
	unsigned char *guarded = mmap(NULL, pages + 4096, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *image = guarded + pages - len;
	const Elf64_Ehdr *elf = (const Elf64_Ehdr *)(void *)file;
	unsigned seed = 20261124;
	char out[64];

	(void)state;
	assert_ptr_not_equal(guarded, MAP_FAILED);
	assert_int_equal(mprotect(guarded + pages, 4096, PROT_NONE), 0);
	memcpy(image, file, len);
	for (int round = 0; round < 3000; round++) {
		size_t at = round % 3 == 0 ? (size_t)rand_r(&seed) % sizeof(*elf)
			    : round % 3 == 1
				    ? elf->e_shoff + (size_t)rand_r(&seed) %
							     (elf->e_shnum * sizeof(Elf64_Shdr))
				    : (size_t)rand_r(&seed) % len;

		image[at] ^= (unsigned char)(1u << rand_r(&seed) % 8);
		(void)elfsym_find(image, len, NULL, 0, (uint64_t)rand_r(&seed) % len, out,
				  sizeof(out));
		image[at] = file[at];
	}
	for (size_t cut = 0; cut < 4096; cut += 7) {
		memmove(guarded + pages - cut, file, cut);
		(void)elfsym_find(guarded + pages - cut, cut, NULL, 0, 4096, out, sizeof(out));
	}
	munmap(guarded, pages + 4096);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_static_function_is_named_from_symtab),
		cmocka_unit_test(an_exported_function_is_named_from_dynsym),
		cmocka_unit_test(every_address_of_libc_is_named_as_the_loader_does),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(an_offset_outside_every_function_has_no_name),
		cmocka_unit_test(another_build_gives_no_name),
		cmocka_unit_test(files_that_are_no_elf_give_no_name),
		cmocka_unit_test(damaged_files_are_read_within_their_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
