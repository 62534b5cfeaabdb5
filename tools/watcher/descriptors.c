/* SPDX-License-Identifier: MIT */
/* See descriptors.h. */
#include "watcher/descriptors.h"

#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "watcher/loader.h"
#include <descriptors.skel.h>

static int say_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

/* Copies what the iterator's program writes to standard output. */
static bool run(const struct bpf_program *program)
{
	static char buffer[1 << 16];
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	ssize_t got = -1;

	while (fd >= 0 && (got = read(fd, buffer, sizeof buffer)) > 0)
		for (ssize_t put = 0, n; put < got; put += n)
			if ((n = write(STDOUT_FILENO, buffer + put, (size_t)(got - put))) <= 0)
				return false;
	return got == 0;
}

int descriptors_write(void)
{
	struct descriptors *skeleton;

	if (!loader_is_permitted())
		return 1;
	libbpf_set_print(say_nothing);
	skeleton = descriptors__open_and_load();
	/* The kernel frees it all with this process. */
	return skeleton && run(skeleton->progs.processes) && run(skeleton->progs.descriptors) ? 0
											      : 1;
}
