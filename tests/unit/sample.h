/* SPDX-License-Identifier: MIT */
/*
 * A registry with stacks in it and a finding that refers to them, for tests of the report writer.
 * The registry is anonymous memory of this process: no session, no file.
 */
#ifndef FORKSAN_TESTS_SAMPLE_H
#define FORKSAN_TESTS_SAMPLE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "report/finding.h"
#include "forksan/registry.h"
#include "stack/stack.h"

struct sample {
	struct registry *registry;
	struct finding finding;
	uint32_t stacks; /* taken so far */
};

static inline void sample_add_module(struct sample *sample, uint32_t index, const char *path)
{
	struct registry_module *module = &sample->registry->modules[index];

	snprintf(module->path, sizeof(module->path), "%s", path);
	module->build_id_len = FORKSAN_BUILD_ID_BYTES;
	memset(module->build_id, 0xa0 + (int)index, sizeof(module->build_id));
	store_release(&module->hash, 7);
}

static inline struct registry_stack *sample_stack(struct sample *sample, struct stack_id id)
{
	return &sample->registry->stacks[id.n - 1];
}

static inline struct stack_id sample_begin_stack(struct sample *sample)
{
	sample->stacks++;
	store_release(&sample->registry->stacks[sample->stacks - 1].hash, 1000 + sample->stacks);
	return (struct stack_id){sample->stacks};
}

/* Returns false when the frame does not fit. */
static inline bool sample_add_frame(struct sample *sample, struct stack_id id,
				    enum language language, const char *function, const char *file,
				    uint32_t line)
{
	struct registry_stack *stack = sample_stack(sample, id);
	size_t need = 5 + strlen(function) + 1 + strlen(file) + 1;
	char *at = stack->text + stack->text_len_bytes;

	if (need > sizeof(stack->text) - stack->text_len_bytes)
		return false;
	*at++ = (char)language;
	for (int shift = 0; shift < 32; shift += 8)
		*at++ = (char)(line >> shift);
	at = stpcpy(at, function) + 1;
	strcpy(at, file);
	stack->text_len_bytes = (uint16_t)(stack->text_len_bytes + need);
	stack->text_count++;
	return true;
}

/* `module`: index + 1, 0 none. */
static inline void sample_add_native(struct sample *sample, struct stack_id id, uint64_t module,
				     uint64_t offset)
{
	struct registry_stack *stack = sample_stack(sample, id);

	stack->native[stack->native_count++] = module << REGISTRY_FRAME_MODULE_SHIFT | offset;
}

/* A Python application with two sites, over a driver and CPython. */
static inline void sample_init(struct sample *sample)
{
	static const char app[] = "/srv/app.py";
	static const char package[] = "/usr/lib/python3/dist-packages/pymysql/connections.py";
	struct finding *finding = &sample->finding;
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(3306)};
	struct stack_id id;

	memset(sample, 0, sizeof(*sample));
	sample->registry = mmap(NULL, sizeof(struct registry), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (sample->registry == MAP_FAILED)
		abort();
	sample_add_module(sample, 0, "/lib/x86_64-linux-gnu/libc.so.6");
	sample_add_module(sample, 1, "/usr/bin/python3.11");

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*finding = (struct finding){
		.kind = KIND_SHARED_USE,
		.id = UINT64_C(0x9f1c22d07be34a55),
		.time_ns = UINT64_C(1795510016123456789),
		.repeat = 1,
		.session = "00c0ffee00c0ffee",
		.host = "host",
		.reporter = {.pid = 812, .ppid = 810, .comm = "gunicorn", .alive = true},
		.other = {.pid = 811,
			  .ppid = 810,
			  .comm = "gunicorn",
			  .relation = RELATION_SIBLING,
			  .alive = true},
		.cookie = 0x2a41,
		.protocol = PROTOCOL_MYSQL,
		.peer_len = sizeof(in),
		.local_len = sizeof(in),
		.fd = 7,
		.opened_by = 810,
		.opened_at_ns = UINT64_C(1795510010000000000),
		.operation = "send",
		.operation_bytes = 38,
		.message = "COM_QUERY",
		.text = "812 uses a connection that its sibling 811 has used since they parted",
	};
	memcpy(&finding->peer, &in, sizeof(in));
	in.sin_port = htons(51234);
	memcpy(&finding->local, &in, sizeof(in));

	for (int i = 0; i < FINDING_STACK_COUNT; i++) {
		id = sample_begin_stack(sample);
		finding->stacks[i] = id;
		sample_add_frame(sample, id, LANGUAGE_PYTHON, "connect", package, 644);
		sample_add_frame(sample, id, LANGUAGE_PYTHON, "load_user", app,
				 (uint32_t)(12 + i * 10));
		sample_add_frame(sample, id, LANGUAGE_PYTHON, "<module>", app, 99);
		sample_add_native(sample, id, 1, 0x107b53);
		sample_add_native(sample, id, 2, 0x4ab000);
		sample_add_native(sample, id, 0, 0x7ffd00001000);
	}
}

static inline void sample_free(struct sample *sample)
{
	munmap(sample->registry, sizeof(struct registry));
}

#endif
