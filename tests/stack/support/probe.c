/* SPDX-License-Identifier: MIT */
/*
 * A preload that takes a stack at every connect, send, recv and close of a socket and prints it:
 * the stack walkers alone, without the judge, for tests with real interpreters (tests/stack).
 *
 *   STACK_PROBE=FILE   where to append; nothing happens without it
 *
 * One stack is one write, of lines
 *   == CALL pid PID ns NANOSECONDS frames N truncated T
 *   LANGUAGE <tab> FUNCTION <tab> FILE-or-MODULE <tab> LINE-or-OFFSET
 *   -- culprit FILE:LINE
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "stack/culprit.h"
#include "registry/registry.h"
#include "stack/stack.h"
#include "base/sys.h"
#include "base/wiped.h"
#include "base/text.h"

#define EXPORT __attribute__((visibility("default")))

#define BUFFER_BYTES 65536

static const char *path;

static void print_frame(struct text *text, const struct stack_frame *frame)
{
	static const char *const names[] = {"native", "python", "ruby", "perl", "php"};
	char symbol[256];

	text_put_string(text, names[frame->language]);
	text_put_char(text, '\t');
	if (frame->language == LANGUAGE_NATIVE) {
		text_put_string(text, stack_frame_symbol(frame, symbol, sizeof(symbol)) > 0 ? symbol
											    : "?");
		text_put_char(text, '\t');
		text_put_string(text, frame->module != NULL ? frame->module : "?");
		text_put_string(text, "\t0x");
		text_put_hex(text, frame->offset);
	} else {
		text_put_string(text, frame->function != NULL ? frame->function : "?");
		text_put_char(text, '\t');
		text_put_string(text, frame->file != NULL ? frame->file : "?");
		text_put_char(text, '\t');
		text_put_uint(text, frame->line);
	}
	text_put_char(text, '\n');
}

static void print(const char *call, struct stack_id id, uint64_t ns)
{
	struct registry *registry = registry_get();
	unsigned count = stack_frame_count(registry, id);
	struct stack_frame frame;
	struct text text;
	char culprit[512];
	char *bytes;
	long fd;

	/* not on the stack: the caller's may be small */
	bytes = mmap(NULL, BUFFER_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	if (bytes == MAP_FAILED)
		return;
	text_init(&text, bytes, BUFFER_BYTES);
	text_put_string(&text, "== ");
	text_put_string(&text, call);
	text_put_string(&text, " pid ");
	text_put_int(&text, sys_getpid());
	text_put_string(&text, " ns ");
	text_put_uint(&text, ns);
	text_put_string(&text, " frames ");
	text_put_uint(&text, count);
	text_put_string(&text, " truncated ");
	text_put_uint(&text, stack_is_truncated(registry, id));
	text_put_char(&text, '\n');
	for (unsigned i = 0; i < count && stack_frame_at(registry, id, i, &frame); i++)
		print_frame(&text, &frame);
	if (culprit_find(registry, id, culprit, sizeof(culprit))) {
		text_put_string(&text, "-- culprit ");
		text_put_string(&text, culprit);
		text_put_char(&text, '\n');
	}
	if (stack_complaint() != NULL) {
		text_put_string(&text, "-- complaint ");
		text_put_string(&text, stack_complaint());
		text_put_char(&text, '\n');
	}
	fd = sys_open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0) {
		sys_write((int)fd, bytes, text.len);
		sys_close((int)fd);
	}
	munmap(bytes, BUFFER_BYTES);
}

static void probe(const char *call)
{
	uint64_t start;
	struct stack_id id;

	if (path == NULL || registry_get() == NULL)
		return;
	start = sys_clock_ns(CLOCK_MONOTONIC);
	id = stack_take();
	print(call, id, sys_clock_ns(CLOCK_MONOTONIC) - start);
}

static int (*real_connect)(int, const struct sockaddr *, socklen_t);
static ssize_t (*real_send)(int, const void *, size_t, int);
static ssize_t (*real_recv)(int, void *, size_t, int);

/* Looked up at the start: dlsym takes the loader's lock, which the tests hold on purpose. */
__attribute__((constructor)) static void start(void)
{
	bool created;

	real_connect =
		(int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
	real_send = (ssize_t(*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");
	real_recv = (ssize_t(*)(int, void *, size_t, int))dlsym(RTLD_NEXT, "recv");
	stack_getspecific = pthread_getspecific; /* found by entry/real.c in the shim */
	path = getenv("STACK_PROBE");
	if (path != NULL &&
	    registry_join("", REGISTRY_FIND_OR_BEGIN, (pid_t)sys_getpid(), (pid_t)sys_getppid(),
			  &created) == 0 &&
	    created)
		registry_unlink();
	wiped_start();
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t len)
{
	probe("connect");
	return real_connect(fd, address, len);
}

EXPORT ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	probe("send");
	return real_send(fd, bytes, len, flags);
}

EXPORT ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
	probe("recv");
	return real_recv(fd, bytes, len, flags);
}
