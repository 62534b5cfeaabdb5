/* SPDX-License-Identifier: MIT */
/*
 * The frame of a stack that a reader wants first.  See site.h.
 */
#include "report/site.h"

#include <string.h>

#include "common/fingerprint.h"
#include "registry/registry.h"
#include "wire/wire.h"

#define SYMBOL_BYTES 256

/* A part of the registry, bounded, not NUL-terminated. */
struct name {
	const char *bytes; /* NULL: not known */
	size_t len;
};

static struct name base_of(const char *path, size_t len)
{
	const char *slash = path != NULL ? memrchr(path, '/', len) : NULL;

	if (slash == NULL)
		return (struct name){path, len};
	return (struct name){slash + 1, len - (size_t)(slash + 1 - path)};
}

static struct name module_of(const struct stack_frame *frame)
{
	return base_of(frame->module, frame->module_len);
}

/* True when a function that ends the process is in the stack. */
static bool is_at_exit(const struct registry *registry, struct stack_id stack)
{
	unsigned count = stack_frame_count(registry, stack);
	struct stack_frame frame;
	char symbol[SYMBOL_BYTES];

	for (unsigned i = 0; i < count && stack_frame_at(registry, stack, i, &frame); i++)
		if (frame.language == LANGUAGE_NATIVE &&
		    stack_frame_symbol(&frame, symbol, sizeof(symbol)) > 0 &&
		    site_rule_ends_process(symbol))
			return true;
	return false;
}

static void add_native(struct site_rule *rule, uint32_t index, const struct stack_frame *frame)
{
	char symbol[SYMBOL_BYTES];
	bool has_name = site_rule_wants_name(rule, frame->module, frame->module_len) &&
			stack_frame_symbol(frame, symbol, sizeof(symbol)) > 0;

	site_rule_add_native(rule, index, frame->module, frame->module_len,
			     has_name ? symbol : NULL);
}

struct site site_find(const struct registry *registry, struct stack_id stack, enum site_event event)
{
	unsigned count = stack_frame_count(registry, stack);
	struct site site = {SITE_NONE, SITE_NONE, false};
	struct stack_frame frame;
	struct site_rule rule;

	site_rule_begin(&rule);
	for (unsigned i = 0; i < count && stack_frame_at(registry, stack, i, &frame); i++) {
		if (frame.language != LANGUAGE_NATIVE)
			site_rule_add(&rule, i, frame.file, frame.file_len);
		else if (rule.found[SITE_INTERPRETED] == SITE_NONE)
			add_native(&rule, i, &frame);
	}
	site.at_exit = event == SITE_OF_USE && rule.found[SITE_INTERPRETED] == SITE_NONE &&
		       is_at_exit(registry, stack);
	site.frame = site_rule_choose(&rule, event == SITE_OF_FORK, site.at_exit);
	site.own_outer = rule.own_outer;
	if (site.frame == SITE_NONE && count > 0)
		site.frame = 0;
	return site;
}

/* --- hashes ---------------------------------------------------------------------------------- */

/* FNV-1a (Fowler, Noll, Vo; draft-eastlake-fnv-21), 64 bits. */
static uint64_t mix_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* Byte by byte: the same on every machine. */
static uint64_t mix_number(uint64_t hash, uint64_t number)
{
	for (int i = 0; i < 8; i++, number >>= 8)
		hash = mix_bytes(hash, &(unsigned char){(unsigned char)number}, 1);
	return hash;
}

/* Mixes the length, too, so that "a", "bc" is not "ab", "c". */
static uint64_t mix_name(uint64_t hash, struct name name)
{
	size_t len = name.bytes != NULL ? name.len : 0;

	return mix_bytes(mix_number(hash, len), name.bytes, len);
}

#define HASH_BEGIN UINT64_C(0xcbf29ce484222325)

static uint64_t mix_frame(uint64_t hash, const struct stack_frame *frame)
{
	hash = mix_number(hash, frame->language);
	if (frame->language != LANGUAGE_NATIVE) {
		hash = mix_name(hash, (struct name){frame->function, frame->function_len});
		hash = mix_name(hash, (struct name){frame->file, frame->file_len});
		return mix_number(hash, frame->line);
	}
	if (frame->build_id != NULL)
		hash = mix_bytes(hash, frame->build_id, frame->build_id_len);
	hash = mix_name(hash, (struct name){frame->module, frame->module_len});
	return mix_number(hash, frame->offset);
}

uint64_t site_stack_id(const struct registry *registry, struct stack_id stack)
{
	unsigned count = stack_frame_count(registry, stack);
	uint64_t hash = mix_number(HASH_BEGIN, stack_is_truncated(registry, stack));
	struct stack_frame frame;

	if (count == 0)
		return 0;
	for (unsigned i = 0; i < count && stack_frame_at(registry, stack, i, &frame); i++)
		hash = mix_frame(hash, &frame);
	return hash != 0 ? hash : 1;
}

static uint64_t mix_site(uint64_t hash, const struct registry *registry, struct stack_id stack,
			 enum site_event event)
{
	struct site site = site_find(registry, stack, event);
	struct stack_frame frame;

	if (site.frame == SITE_NONE || !stack_frame_at(registry, stack, site.frame, &frame))
		return mix_number(hash, 0);
	return mix_frame(hash, &frame);
}

uint64_t site_places(const struct registry *registry, const struct finding *finding)
{
	uint64_t hash = mix_number(HASH_BEGIN, finding->protocol);

	hash = mix_site(hash, registry, finding->stacks[FINDING_STACK_OPENED], SITE_OF_OPENING);
	return mix_site(hash, registry, finding->stacks[FINDING_STACK_FORKED], SITE_OF_FORK);
}

/* File and function of a site as texts; too long a text loses the end, in every run alike. */
struct site_names {
	char file[SYMBOL_BYTES];
	char function[SYMBOL_BYTES];
};

static void copy(char out[SYMBOL_BYTES], struct name name)
{
	size_t len = name.bytes == NULL ? 0 : name.len < SYMBOL_BYTES ? name.len : SYMBOL_BYTES - 1;

	if (len > 0)
		memcpy(out, name.bytes, len);
	out[len] = '\0';
}

static struct fingerprint_site name_site(const struct registry *registry, struct stack_id stack,
					 enum site_event event, struct site_names *names)
{
	struct site site = site_find(registry, stack, event);
	struct stack_frame frame;

	if (site.frame == SITE_NONE || !stack_frame_at(registry, stack, site.frame, &frame))
		return (struct fingerprint_site){NULL, NULL};
	if (frame.language == LANGUAGE_NATIVE) {
		copy(names->file, module_of(&frame));
		if (stack_frame_symbol(&frame, names->function, sizeof(names->function)) == 0)
			names->function[0] = '\0';
	} else {
		copy(names->file, base_of(frame.file, frame.file_len));
		copy(names->function, (struct name){frame.function, frame.function_len});
	}
	return (struct fingerprint_site){names->file[0] != '\0' ? names->file : NULL,
					 names->function[0] != '\0' ? names->function : NULL};
}

/* Of a connection from before the watch the opening site is not known, and the fork's is rarely: by
 * those, all bugs of a protocol would be one.  The program that held it tells them apart. */
static struct fingerprint_site name_holder(const struct finding *finding, struct site_names *names)
{
	const struct registry_socket *socket = &registry_mapping->sockets[finding->slot.n];
	const struct registry_process *holder = registry_find_process(socket->opener_serial);

	memset(names->function, 0, sizeof names->function);
	memcpy(names->function, holder ? holder->comm : finding->reporter.comm,
	       sizeof finding->reporter.comm - 1);
	return (struct fingerprint_site){NULL, names->function};
}

uint64_t site_fingerprint(const struct registry *registry, const struct finding *finding)
{
	struct site_names opened, forked;

	return fingerprint(
		wire_protocol_name(finding->protocol),
		finding->open_before ? name_holder(finding, &opened)
				     : name_site(registry, finding->stacks[FINDING_STACK_OPENED],
						 SITE_OF_OPENING, &opened),
		name_site(registry, finding->stacks[FINDING_STACK_FORKED], SITE_OF_FORK, &forked));
}
