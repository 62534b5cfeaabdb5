/* SPDX-License-Identifier: MIT */
/*
 * Reads stored stacks back.  The registry is shared, and a process that went wild may have written
 * to a stack: so every count and index is bounded, and every string must end inside its field.  See
 * stack.h.
 */
#include "stack/stack.h"

#include <string.h>

#include "registry/registry.h"
#include "stack/module_function.h"

#define FRAME_HEAD_BYTES 5

static const struct registry_stack *find(const struct registry *registry, struct stack_id id)
{
	const struct registry_stack *stack;

	if (registry == NULL || id.n == 0 || id.n > FORKSAN_MAX_STACKS)
		return NULL;
	stack = &registry->stacks[id.n - 1];
	if (!registry_reach(stack, sizeof(*stack)))
		return NULL;
	return load_acquire(&stack->hash) > 1 ? stack : NULL;
}

static unsigned native_count(const struct registry_stack *stack)
{
	unsigned count = load_once(&stack->native_count);

	return count <= FORKSAN_MAX_NATIVE_FRAMES ? count : 0;
}

/* Finds frame `index` of the text; with `out` NULL only counts frames.  Returns how many frames
 * there are up to and including that one. */
static unsigned read_text(const struct registry_stack *stack, unsigned index,
			  struct stack_frame *out)
{
	size_t len = load_once(&stack->text_len_bytes);
	const char *end = stack->text + (len <= sizeof(stack->text) ? len : 0);
	const char *at = stack->text;
	unsigned count = 0;

	while (end - at > FRAME_HEAD_BYTES && count <= index) {
		const unsigned char *head = (const unsigned char *)at;
		unsigned language = load_once(head);
		const char *function = at + FRAME_HEAD_BYTES;
		const char *function_end = memchr(function, '\0', (size_t)(end - function));
		const char *file_end;

		if (function_end == NULL || language >= LANGUAGE_COUNT)
			break;
		file_end = memchr(function_end + 1, '\0', (size_t)(end - function_end - 1));
		if (file_end == NULL)
			break;
		if (count == index && out != NULL) {
			*out = (struct stack_frame){
				.language = (enum language)language,
				.line = head[1] | (uint32_t)head[2] << 8 | (uint32_t)head[3] << 16 |
					(uint32_t)head[4] << 24,
			};
			if (function_end != function) {
				out->function = function;
				out->function_len = (size_t)(function_end - function);
			}
			if (file_end != function_end + 1) {
				out->file = function_end + 1;
				out->file_len = (size_t)(file_end - out->file);
			}
		}
		count++;
		at = file_end + 1;
	}
	return count;
}

static unsigned text_count(const struct registry_stack *stack)
{
	return read_text(stack, UINT32_MAX, NULL);
}

static void read_native(const struct registry *registry, uint64_t word, struct stack_frame *out)
{
	uint64_t number = word >> REGISTRY_FRAME_MODULE_SHIFT;
	const struct registry_module *module;
	const char *path_end;
	uint32_t build_id_len;

	*out = (struct stack_frame){
		.language = LANGUAGE_NATIVE,
		.offset = word & REGISTRY_FRAME_OFFSET_MASK,
	};
	if (number == 0 || number > FORKSAN_MAX_MODULES)
		return;
	module = &registry->modules[number - 1];
	if (!registry_reach(module, sizeof(*module)) || load_acquire(&module->hash) <= 1)
		return;
	path_end = memchr(module->path, '\0', sizeof(module->path));
	if (path_end == NULL)
		return;
	out->module = module->path;
	out->module_len = (size_t)(path_end - module->path);
	out->module_number = (uint32_t)number;
	build_id_len = load_once(&module->build_id_len);
	if (build_id_len > 0 && build_id_len <= sizeof(module->build_id)) {
		out->build_id = module->build_id;
		out->build_id_len = build_id_len;
	}
}

unsigned stack_frame_count(const struct registry *registry, struct stack_id id)
{
	const struct registry_stack *stack = find(registry, id);

	return stack == NULL ? 0 : text_count(stack) + native_count(stack);
}

bool stack_is_truncated(const struct registry *registry, struct stack_id id)
{
	const struct registry_stack *stack = find(registry, id);

	return stack != NULL && (stack->flags & STACK_TRUNCATED) != 0;
}

bool stack_is_late(const struct registry *registry, struct stack_id id)
{
	const struct registry_stack *stack = find(registry, id);

	return stack != NULL && (stack->flags & STACK_LATE) != 0;
}

bool stack_frame_at(const struct registry *registry, struct stack_id id, unsigned index,
		    struct stack_frame *out)
{
	const struct registry_stack *stack = find(registry, id);
	unsigned text;

	if (stack == NULL)
		return false;
	text = read_text(stack, index, out);
	if (index < text)
		return true;
	if (index - text >= native_count(stack))
		return false;
	read_native(registry, stack->native[index - text], out);
	return true;
}

size_t stack_frame_symbol(const struct stack_frame *frame, char *out, size_t size)
{
	out[0] = '\0';
	if (frame->language != LANGUAGE_NATIVE || frame->module_number == 0)
		return 0;
	return module_function_name(frame->module_number, frame->offset, out, size);
}
