/* SPDX-License-Identifier: MIT */
/* Function names from the mapped dynamic symbols, with the loader as the oracle: module_function.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <link.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "forksan/registry.h"
#include "registry/registry.h"
#include "stack/module.h"
#include "stack/module_function.h"

static struct peek peek;
static struct module_room room;

/* The number of the file that holds `address`, and its base. */
static uint32_t number_of(uintptr_t address, uintptr_t *bias)
{
	struct module_known known;
	struct module module;

	peek_init(&peek);
	assert_true(module_find(&peek, address, &module));
	module_intern(registry_get(), &peek, &module, &room, &known);
	*bias = module.bias;
	return known.number;
}

static size_t name_at(uintptr_t address, char *out, size_t size)
{
	uintptr_t bias;
	uint32_t number = number_of(address, &bias);

	return module_function_name(number, address - bias, out, size);
}

static uintptr_t in_libc(const char *name)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	uintptr_t address;

	assert_non_null(libc);
	address = (uintptr_t)dlsym(libc, name);
	dlclose(libc);
	assert_int_not_equal(address, 0);
	return address;
}

static void an_exported_function_is_named_by_its_plain_name(void **state)
{
	char out[64];

	(void)state;
	assert_int_equal(name_at(in_libc("qsort") + 1, out, sizeof(out)), strlen("qsort"));
	assert_string_equal(out, "qsort");
	assert_true(name_at(in_libc("recv") + 1, out, sizeof(out)) > 0);
	assert_string_equal(out, "recv"); /* not __recv */
}

static void every_address_of_libc_is_named_as_the_loader_does(void **state)
{
	uintptr_t start = in_libc("qsort") & ~(uintptr_t)0xffff;
	unsigned named = 0;
	unsigned unnamed = 0;

	(void)state;
	for (uintptr_t at = start; at < start + 0x10000; at += 37) {
		Elf64_Sym *symbol = NULL;
		Dl_info info;
		char out[64];
		size_t len = name_at(at, out, sizeof(out));

		assert_true(dladdr1((const void *)at, &info, (void **)&symbol, RTLD_DL_SYMENT) !=
			    0);
		if (info.dli_sname == NULL) {
			assert_int_equal(len, 0);
			unnamed++;
			continue;
		}
		/* one function may have several names */
		assert_int_equal(len, strlen(out));
		assert_true(strcmp(out, info.dli_sname) == 0 ||
			    in_libc(out) == (uintptr_t)info.dli_saddr);
		named++;
	}
	assert_true(named > 100);
	assert_true(unnamed > 100);
}

/* A version's name at the place of a function that has ended before the address: two symbols of one
 * value, the first without a size, as libmariadb has them. */
__asm__(".pushsection .text\n"
	".globl forksan_test_aliased, forksan_test_alias\n"
	".type forksan_test_alias, %function\n"
	".type forksan_test_aliased, %function\n"
	"forksan_test_alias:\n"
	"forksan_test_aliased:\n"
	".skip 8, 0\n"
	".size forksan_test_alias, 0\n"
	".size forksan_test_aliased, 8\n"
	"forksan_test_nameless:\n"
	".skip 8, 0\n"
	".popsection\n");
extern const char forksan_test_aliased[16];

static void a_symbol_without_a_size_names_nothing(void **state)
{
	char out[64];

	(void)state;
	assert_true(name_at((uintptr_t)forksan_test_aliased + 3, out, sizeof(out)) > 0);
	assert_string_equal(out, "forksan_test_aliased");
	assert_true(name_at((uintptr_t)forksan_test_aliased + 7, out, sizeof(out)) > 0);
	assert_int_equal(name_at((uintptr_t)forksan_test_aliased + 8, out, sizeof(out)), 0);
	assert_string_equal(out, "");
}

/* In the sandbox any system call but read, write and exit ends the process: seccomp(2). */
static void a_name_costs_no_system_call(void **state)
{
	uintptr_t address = in_libc("qsort") + 1;
	uintptr_t bias;
	uint32_t number = number_of(address, &bias);
	int status;
	pid_t pid;

	(void)state;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
	skip(); /* their runtimes make some */
#endif
	pid = fork();
	if (pid == 0) {
		char out[64] = "";
		long denied = sys_call(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0, 0);

		if (denied == 0)
			(void)module_function_name(number, address - bias, out, sizeof(out));
		sys_call(SYS_exit, denied != 0 ? 77 : strcmp(out, "qsort"), 0, 0, 0, 0, 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static void a_long_name_is_cut(void **state)
{
	char out[4];

	(void)state;
	assert_int_equal(name_at(in_libc("qsort") + 1, out, sizeof(out)), 3);
	assert_string_equal(out, "qso");
}

static void what_is_not_loaded_has_no_name(void **state)
{
	char out[8] = "x";

	(void)state;
	assert_int_equal(module_function_name(0, 0x1000, out, sizeof(out)), 0);
	assert_int_equal(module_function_name(FORKSAN_MAX_MODULES + 1, 0x1000, out, sizeof(out)),
			 0);
	assert_int_equal(module_function_name(FORKSAN_MAX_MODULES, 0x1000, out, sizeof(out)), 0);
	assert_string_equal(out, "");
}

static void an_unloaded_file_has_no_names(void **state)
{
	void *library = dlopen("libanl.so.1", RTLD_NOW | RTLD_LOCAL);
	struct link_map *map;
	uintptr_t address, bias;
	uint32_t number;
	char out[64];

	(void)state;
	if (library == NULL)
		skip();
	map = library;
	address = map->l_addr;
	number = number_of((uintptr_t)map->l_ld, &bias);
	assert_int_equal(bias, address);
	dlclose(library);
	for (uint64_t offset = 0; offset < 0x4000; offset += 16)
		assert_int_equal(module_function_name(number, offset, out, sizeof(out)), 0);
}

static int join(void **state)
{
	bool created;

	(void)state;
	if (registry_join("", REGISTRY_FIND_OR_BEGIN, getpid(), getppid(), &created) != 0)
		return -1;
	registry_map_rest();
	registry_unlink();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exported_function_is_named_by_its_plain_name),
		cmocka_unit_test(every_address_of_libc_is_named_as_the_loader_does),
		cmocka_unit_test(a_symbol_without_a_size_names_nothing),
		cmocka_unit_test(a_name_costs_no_system_call),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(what_is_not_loaded_has_no_name),
		cmocka_unit_test(an_unloaded_file_has_no_names),
	};

	return cmocka_run_group_tests(tests, join, NULL);
}
