/* SPDX-License-Identifier: MIT */
/* The loader's list read as data, with the loader's own functions as the oracle: module.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forksan/registry.h"
#include "stack/module.h"
#include "registry/registry.h"

static struct peek peek;
static struct module_room room;

/* Of libc itself: a sanitizer puts functions of its own before it. */
static void *in_libc(const char *name)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	void *address;

	assert_non_null(libc);
	address = dlsym(libc, name);
	dlclose(libc);
	return address;
}

static int setup_peek(void **state)
{
	(void)state;
	peek_init(&peek);
	return 0;
}

struct listed {
	unsigned count;
	bool all_found;
};

static int compare_with_list(struct dl_phdr_info *info, size_t size, void *data)
{
	struct listed *listed = data;
	struct module module = {0};
	bool found = false;

	(void)size;
	while (module_next(&peek, &module, &module))
		found = found || module.bias == info->dlpi_addr;
	listed->count++;
	listed->all_found = listed->all_found && found;
	return 0;
}

static void the_list_is_the_loaders(void **state)
{
	struct listed listed = {.all_found = true};
	struct module module = {0};
	unsigned count = 0;

	(void)state;
	dl_iterate_phdr(compare_with_list, &listed);
	while (module_next(&peek, &module, &module))
		count++;
	assert_true(listed.all_found);
	assert_int_equal(count, listed.count);
	assert_true(count >= 3);
	assert_true(module_is_last(&peek, &module));
}

static void an_address_is_found_in_its_file(void **state)
{
	static const char *const names[] = {"qsort", "malloc", "pthread_create"};
	struct module module;
	Dl_info info;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		void *address = in_libc(names[i]);

		assert_true(dladdr(address, &info) != 0);
		assert_true(module_find(&peek, (uintptr_t)address, &module));
		assert_int_equal(module.start, (uintptr_t)info.dli_fbase);
		assert_true((uintptr_t)address < module.end);
		assert_true(module.eh_frame_header > module.start);
	}
	assert_false(module_find(&peek, (uintptr_t)&module, &module)); /* the stack */
	assert_false(module_find(&peek, 0, &module));
	assert_false(module_find(&peek, UINTPTR_MAX, &module));
}

static void symbols_have_the_loaders_values(void **state)
{
	static const char *const names[] = {"qsort", "environ", "close",
					    "recv",  "dlopen",	"pthread_mutex_lock"};
	struct module module = {0};
	char name[32];
	unsigned found = 0;

	(void)state;
	while (module_next(&peek, &module, &module)) {
		module_base_name(&peek, &module, name, sizeof(name));
		if (strcmp(name, "libc.so.6") != 0)
			continue;
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			uintptr_t value = module_symbol(&peek, &module, names[i]);

			assert_int_equal(value, (uintptr_t)in_libc(names[i]));
			found++;
		}
		assert_int_equal(module_symbol(&peek, &module, "no_such_symbol"), 0);
		assert_int_equal(module_symbol(&peek, &module, ""), 0);
	}
	assert_int_equal(found, sizeof(names) / sizeof(names[0]));
}

static void a_new_library_is_noticed_and_found(void **state)
{
	struct module last = {0};
	struct module fresh;
	void *library;
	void *function;

	(void)state;
	while (module_next(&peek, &last, &last))
		;
	library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		library = dlopen("libanl.so.1", RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		skip();
	assert_false(module_is_last(&peek, &last));
	assert_true(module_next(&peek, &last, &fresh));
	function = dlsym(library, "unw_backtrace");
	if (function != NULL)
		assert_true(module_find(&peek, (uintptr_t)function, &fresh));
	assert_true(module_is_loaded(&peek, &fresh));
	dlclose(library);
	/* Before glibc 2.35 nobody can be asked. */
	if (dlsym(RTLD_DEFAULT, "_dl_find_object") != NULL)
		assert_false(module_is_loaded(&peek, &fresh));
}

static void the_build_id_is_the_files(void **state)
{
	FILE *readelf = popen("readelf -n /proc/self/fd/3 3</proc/$PPID/exe", "r");
	uint8_t id[FORKSAN_BUILD_ID_BYTES];
	struct module module = {0};
	char hex[2 * FORKSAN_BUILD_ID_BYTES + 1];
	char line[256];
	bool found = false;

	(void)state;
	assert_true(module_next(&peek, &module, &module));
	assert_int_equal(module_build_id(&peek, &module, id), FORKSAN_BUILD_ID_BYTES);
	for (size_t i = 0; i < sizeof(id); i++)
		snprintf(hex + 2 * i, 3, "%02x", id[i]);
	assert_non_null(readelf);
	while (fgets(line, sizeof(line), readelf) != NULL)
		found = found || strstr(line, hex) != NULL;
	assert_int_equal(pclose(readelf), 0);
	assert_true(found);
}

static uint32_t number_of(const struct module *module)
{
	struct module_known known;

	module_intern(registry_get(), &peek, module, &room, &known);
	return known.number;
}

static void a_module_has_one_number_in_every_process(void **state)
{
	const struct registry *registry = registry_get();
	struct module module;
	uint32_t number;
	pid_t pid;
	int status;

	(void)state;
	assert_true(module_find(&peek, (uintptr_t)in_libc("qsort"), &module));
	number = number_of(&module);
	assert_true(number > 0 && number <= FORKSAN_MAX_MODULES);
	assert_int_equal(number_of(&module), number);
	assert_non_null(strstr(registry->modules[number - 1].path, "/libc.so.6"));
	assert_int_equal(registry->modules[number - 1].build_id_len, FORKSAN_BUILD_ID_BYTES);
	pid = fork();
	if (pid == 0)
		_exit(number_of(&module) == number ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void the_program_itself_has_its_path(void **state)
{
	char path[FORKSAN_PATH_BYTES];
	struct module module = {0};
	uint32_t number;

	(void)state;
	assert_true(module_next(&peek, &module, &module));
	number = number_of(&module);
	assert_true(number > 0);
	path[readlink("/proc/self/exe", path, sizeof(path) - 1)] = '\0';
	assert_string_equal(registry_get()->modules[number - 1].path, path);
}

struct segments {
	uintptr_t bias;
	struct peek_range range;
	bool inside; /* every byte of the range is in a segment that is read and not written */
};

static int check_segments(struct dl_phdr_info *info, size_t size, void *data)
{
	struct segments *segments = data;

	(void)size;
	if (info->dlpi_addr != segments->bias)
		return 0;
	for (uintptr_t at = segments->range.low; at < segments->range.high; at += 4096) {
		bool found = false;

		for (int i = 0; i < info->dlpi_phnum; i++) {
			const ElfW(Phdr) *header = &info->dlpi_phdr[i];
			uintptr_t low = (info->dlpi_addr + header->p_vaddr) & ~(uintptr_t)4095;

			found = found ||
				(header->p_type == PT_LOAD && at >= low &&
				 at < info->dlpi_addr + header->p_vaddr + header->p_filesz &&
				 (header->p_flags & (PF_R | PF_W)) == PF_R);
		}
		segments->inside = segments->inside && found;
	}
	return 1;
}

static void its_tables_are_readable_and_found_once(void **state)
{
	struct segments segments = {.inside = true};
	struct module_known first, second;
	struct module module;

	(void)state;
	assert_true(module_find(&peek, (uintptr_t)in_libc("qsort"), &module));
	module.name++; /* a module that the cache does not know, with libc's tables */
	module_intern(registry_get(), &peek, &module, &room, &first);
	assert_true(first.is_new);
	module_intern(registry_get(), &peek, &module, &room, &second);
	assert_false(second.is_new);
	assert_int_equal(second.number, first.number);
	assert_true(first.tables.low <= module.eh_frame_header);
	assert_true(first.tables.high > module.eh_frame_header);
	assert_int_equal(second.tables.low, first.tables.low);
	assert_int_equal(second.tables.high, first.tables.high);
	segments.bias = module.bias;
	segments.range = first.tables;
	assert_int_equal(dl_iterate_phdr(check_segments, &segments), 1);
	assert_true(segments.inside);
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
		cmocka_unit_test_setup(the_list_is_the_loaders, setup_peek),
		cmocka_unit_test_setup(an_address_is_found_in_its_file, setup_peek),
		cmocka_unit_test_setup(symbols_have_the_loaders_values, setup_peek),
		cmocka_unit_test_setup(a_new_library_is_noticed_and_found, setup_peek),
		cmocka_unit_test_setup(the_build_id_is_the_files, setup_peek),
		cmocka_unit_test_setup(a_module_has_one_number_in_every_process, setup_peek),
		cmocka_unit_test_setup(its_tables_are_readable_and_found_once, setup_peek),
		cmocka_unit_test_setup(the_program_itself_has_its_path, setup_peek),
	};

	return cmocka_run_group_tests(tests, join, NULL);
}
