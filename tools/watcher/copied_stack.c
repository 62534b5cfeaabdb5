/* SPDX-License-Identifier: MIT */
/* See copied_stack.h. */
#include "watcher/copied_stack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

#include "watcher/actor.h"
#include "watcher/actor_interpreter.h"
#include "stacks/memory.h"
#include "watcher/mapped.h"
#include "registry/registry.h"
#include "stack/store.h"
#include "stack/walk.h"

#if defined(__x86_64__)
#define REGISTERS 17
#elif defined(__aarch64__)
#define REGISTERS 33
#endif

/* Stacks whose record may still come.  Each processor has one at most, and while a processor is
 * slow between the two records the others go on. */
#define KEPT_STACKS 64
static struct event_stack stacks[KEPT_STACKS];

static const struct event_stack *kept; /* of the record that is being judged; NULL: none */
static struct stack_id taken;	       /* of `kept`; 0: not walked yet */

static struct stack_capture capture;
static unsigned seen_call; /* frames that the present walk has met */
static bool left_map;	   /* one of them is in no mapped file */

void copied_stack_keep(const struct event_stack *stack)
{
	struct event_stack *entry = &stacks[stack->event.stack % KEPT_STACKS];

	memcpy(entry, stack, sizeof *entry);
	if (entry->len_bytes > sizeof entry->bytes)
		entry->len_bytes = 0;
	if (entry->python_count > EVENT_PYTHON_FRAMES)
		entry->python_count = 0;
	if (entry->piece_count > EVENT_PIECES)
		entry->piece_count = 0;
	kept = NULL;
}

void copied_stack_use(uint32_t number)
{
	const struct event_stack *entry = &stacks[number % KEPT_STACKS];

	if (number == 0 || entry->event.stack != number) {
		kept = NULL;
		if (number != 0)
			registry_count(LOST_STACKS);
		return;
	}
	if (kept != entry)
		taken.n = 0;
	kept = entry;
}

/* --- libdw's questions -------------------------------------------------------------------------
 */

static pid_t next_thread(Dwfl *dwfl, void *argument, void **thread_argument)
{
	(void)dwfl;
	if (*thread_argument)
		return 0;
	*thread_argument = argument;
	return kept->event.tid;
}

/* libdw wants the pc apart only where it is no DWARF register. */
static bool set_registers(Dwfl_Thread *thread, void *argument)
{
	Dwarf_Word registers[REGISTERS];

	(void)argument;
	for (unsigned i = 0; i < REGISTERS; i++)
		registers[i] = kept->registers[i];
#if defined(__aarch64__)
	dwfl_thread_state_register_pc(thread, registers[32]);
	return dwfl_thread_state_registers(thread, 0, 32, registers);
#else
	return dwfl_thread_state_registers(thread, 0, REGISTERS, registers);
#endif
}

static bool read_word(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *argument)
{
	uint64_t word;

	(void)dwfl;
	(void)argument;
	if (address >= kept->sp && address - kept->sp + sizeof word <= kept->len_bytes)
		memcpy(&word, kept->bytes + (address - kept->sp), sizeof word);
	else if ((address >= kept->sp &&
		  address - kept->sp < sizeof kept->bytes) || /* was not there at the time */
		 !memory_read(address, &word, sizeof word))
		return false;
	*result = word;
	return true;
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.memory_read = read_word,
	.set_initial_registers = set_registers,
};

/* The number of a module in the registry; 0: not known. */
static uint32_t module_number(Dwfl_Module *module, Dwarf_Addr *bias)
{
	const char *path = NULL, *name;
	struct module_content content;
	const unsigned char *build_id;
	GElf_Addr note;
	int len;

	memset(&content, 0, sizeof content);
	dwfl_module_getelf(module, bias);
	name = dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, &path, NULL);
	if (!path)
		path = name;
	if (!path)
		return 0;
	len = dwfl_module_build_id(module, &build_id, &note);
	if (len > 0 && len <= FORKSAN_BUILD_ID_BYTES) {
		content.build_id_len = (uint32_t)len;
		memcpy(content.build_id, build_id, (size_t)len);
	}
	strncpy(content.path, path, sizeof content.path - 1);
	return module_store(registry_mapping, &content);
}

/* The innermost frame is at the instruction behind the system call, every other behind a call.  The
 * innermost is libc's own (send(), connect()) and left out, as libforksan.so leaves out its
 * wrapper.
 */
static int on_frame(Dwfl_Frame *frame, void *argument)
{
	struct mapped *mapped = argument;
	Dwfl_Module *module;
	Dwarf_Addr pc, bias = 0;
	bool exact = false;
	uint32_t number;

	if (!dwfl_frame_pc(frame, &pc, &exact))
		return DWARF_CB_ABORT;
	if (!exact)
		pc--;
	if (capture.native_count == FORKSAN_MAX_NATIVE_FRAMES) {
		capture.native_truncated = true;
		return DWARF_CB_ABORT;
	}
	module = dwfl_addrmodule(mapped->dwfl, pc);
	number = module ? module_number(module, &bias) : 0;
	left_map |= module == NULL;
	if (!seen_call++)
		return DWARF_CB_OK;
	capture.native[capture.native_count++] =
		number ? (uint64_t)number << REGISTRY_FRAME_MODULE_SHIFT |
				 ((pc - bias) & REGISTRY_FRAME_OFFSET_MASK)
		       : pc & REGISTRY_FRAME_OFFSET_MASK;
	return DWARF_CB_OK;
}

static void walk_mapped(struct mapped *mapped)
{
	capture.native_count = 0;
	capture.native_truncated = false;
	seen_call = 0;
	left_map = false;
	if (dwfl_pid(mapped->dwfl) < 0 &&
	    !dwfl_attach_state(mapped->dwfl, NULL, mapped->pid, &thread_callbacks, mapped))
		return;
	dwfl_getthread_frames(mapped->dwfl, kept->event.tid, on_frame, mapped);
}

static bool is_mapped(const struct mapped *mapped)
{
	return mapped && dwfl_addrmodule(mapped->dwfl, kept->registers[REGISTERS - 1]);
}

/* Where code lies outside of the mapped files, or no frame was found, the list may be from before a
 * library was loaded: without that the frames end there. */
static void walk_native(struct actor *actor)
{
	struct mapped *before = actor->mapped;
	const struct actor *parent;

	if (is_mapped(before)) {
		walk_mapped(before);
		if (capture.native_count > 0 && !left_map)
			return;
	}
	parent = actor_with_pid(actor->parent_pid);
	actor->mapped = mapped_read(before, actor->pid,
				    parent && parent->program == actor->program ? parent->pid : 0);
	/* A process that runs another program by now has other files at other addresses. */
	if (actor->mapped != before && (is_mapped(actor->mapped) || capture.native_count == 0))
		walk_mapped(actor->mapped);
}

struct stack_id stack_take(void)
{
	uint16_t flags = 0;

	if (!kept)
		return (struct stack_id){0};
	if (taken.n != 0)
		return taken;
	memset(&capture, 0, sizeof capture);
	memory_look_at(actor_now->pid);
	if (!actor_interpreter_walk(actor_now, kept, &capture)) {
		flags |= STACK_LATE;
		registry_count(LOST_LATE_STACKS);
	}
	memory_look_at(actor_now->pid);
	walk_native(actor_now);
	if (capture.native_truncated)
		flags |= STACK_TRUNCATED;
	taken = stack_store(registry_mapping, capture.native, capture.native_count, flags,
			    &capture.text);
	if (taken.n == 0)
		registry_count(LOST_STACKS);
	return taken;
}
