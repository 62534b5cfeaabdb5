/* SPDX-License-Identifier: MIT */
/* See actor_interpreter.h. */
#include "watcher/actor_interpreter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "watcher/actor.h"
#include "watcher/loader.h"
#include "watcher/mapped.h"
#include "base/sys.h"
#include "stacks/interpreters.h"
#include "stacks/memory.h"
#include "stacks/perl.h"
#include "stacks/php.h"
#include "stacks/python.h"
#include "stacks/remote.h"
#include "stacks/ruby.h"

/* A program is looked at after 1 ms, and then each time when it is twice as old, up to ten minutes:
 * by then it has loaded its interpreter (uWSGI's plugin), or has none.  One whose interpreter is
 * loaded, and does not show yet where it keeps its frames, is about to run code: that shows between
 * two looks, and the next look comes after an eighth of its age. */
#define FIRST_LOOK_NS 1000000
#define LAST_LOOK_NS UINT64_C(600000000000)
#define SOON 8

/* A stack is looked at anew for an interpreter once its program has grown older by that part of its
 * age: a program that has none takes many stacks. */
#define SOONER 32

struct actor_interpreter {
	struct interpreter file;
	struct python python;
	struct event_interpreter kernel;
	uint32_t php_file; /* as in struct php_places */
	bool is_told;	   /* the kernel knows `kernel` */
	char directory[FORKSAN_PATH_BYTES];
};

/* Places that were found once, by the interpreter's file: the next process with that file has them
 * from its start.  Addresses are counted from where the file is loaded. */
#define KNOWN_FILES 32
static struct known_file {
	struct event_interpreter kernel;
	uint8_t build_id[FORKSAN_BUILD_ID_BYTES];
	uint32_t php_file;
} known_files[KNOWN_FILES];
static unsigned known_count;

/* --- what the kernel is told -------------------------------------------------------------------
 */

static bool is_told(const struct actor *actor)
{
	return actor->interpreter && actor->interpreter->is_told;
}

static void tell_kernel(const struct actor *actor)
{
	actor->interpreter->is_told = true;
	loader_set_interpreter(actor->pid, &actor->interpreter->kernel);
}

/* Addresses in a file are counted from `bias`; Ruby's and, with threads, Perl's places are offsets.
 */
static void move(struct event_interpreter *kernel, uint64_t by)
{
	if (kernel->language == EVENT_PHP)
		kernel->current += (int64_t)by;
	if (kernel->language != EVENT_PERL)
		return;
	if (kernel->interpreter != 0) {
		kernel->interpreter += by;
	} else {
		kernel->current += (int64_t)by;
		kernel->stackinfo += by;
	}
}

static struct known_file *find_known(const struct interpreter *file)
{
	static const uint8_t none[FORKSAN_BUILD_ID_BYTES];

	if (memcmp(file->build_id, none, sizeof none) == 0)
		return NULL;
	for (unsigned i = 0; i < known_count && i < KNOWN_FILES; i++)
		if (memcmp(known_files[i].build_id, file->build_id, sizeof none) == 0)
			return &known_files[i];
	return NULL;
}

static void remember(const struct actor_interpreter *interpreter)
{
	struct known_file *known = find_known(&interpreter->file);

	if (!known) {
		known = &known_files[known_count++ % KNOWN_FILES];
		memcpy(known->build_id, interpreter->file.build_id, sizeof known->build_id);
	}
	known->kernel = interpreter->kernel;
	known->php_file = interpreter->php_file;
	move(&known->kernel, -interpreter->file.module.bias);
}

static void recall(struct actor *actor)
{
	struct actor_interpreter *interpreter = actor->interpreter;
	const struct known_file *known = find_known(&interpreter->file);

	if (!known)
		return;
	interpreter->kernel = known->kernel;
	interpreter->php_file = known->php_file;
	move(&interpreter->kernel, interpreter->file.module.bias);
	tell_kernel(actor);
}

static void fill_python(const struct python *python, struct event_interpreter *kernel)
{
	const struct python_layout *layout = &python->types.layout;

	*kernel = (struct event_interpreter){
		.language = EVENT_PYTHON,
		.python =
			{
				.code_type = python->types.code_type,
				.interpreters = python->interpreters,
				.first_thread = (uint32_t)python->first_thread,
				.next_thread = (uint32_t)python->next_thread,
				.thread_id = layout->thread_id,
				.thread_frame = layout->thread_frame,
				.cframe_frame = layout->cframe_frame,
				.frame_code = layout->frame_code,
				.frame_previous = layout->frame_previous,
				.frame_instruction = layout->frame_instruction,
				.frame_owner = layout->frame_owner,
				.instruction_bytes = layout->code_first_instruction != 0 ? 8 : 4,
			},
	};
}

static void fill_perl(const struct actor_interpreter *interpreter,
		      const struct stack_perl_places *places, struct peek *peek,
		      struct event_interpreter *kernel)
{
	uintptr_t current = 0;

	*kernel = (struct event_interpreter){.language = EVENT_PERL,
					     .context_bytes = places->context_bytes};
	kernel->interpreter = perl_current(&interpreter->file, peek);
	if (kernel->interpreter != 0)
		(void)peek_pointer(peek, kernel->interpreter, &current);
	kernel->current = (int64_t)(places->cop - current);
	kernel->stackinfo = places->info - current;
}

/* What shows before code runs.  False: nothing does. */
static bool find_places(const struct actor *actor, struct peek *peek)
{
	struct actor_interpreter *interpreter = actor->interpreter;
	struct event_interpreter *kernel = &interpreter->kernel;
	struct stack_perl_places places;

	switch (interpreter->file.language) {
	case LANGUAGE_PYTHON:
		if (!python_find(peek, &interpreter->file, &interpreter->python))
			return false;
		fill_python(&interpreter->python, kernel);
		return true;
	case LANGUAGE_RUBY:
		*kernel = (struct event_interpreter){
			.language = EVENT_RUBY,
			.current = ruby_find(&interpreter->file, peek,
					     loader_thread_pointer(actor->pid)),
		};
		return kernel->current != 0;
	case LANGUAGE_PERL:
		if (!perl_find(&interpreter->file, peek, &places))
			return false;
		*kernel = (struct event_interpreter){
			.language = EVENT_PERL,
			.current = (int64_t)places.cop,
			.stackinfo = places.info,
			.interpreter = perl_current(&interpreter->file, peek),
		};
		return true;
	case LANGUAGE_PHP:
		*kernel = (struct event_interpreter){
			.language = EVENT_PHP,
			.current = (int64_t)php_current(&interpreter->file, peek),
		};
		return kernel->current != 0;
	case LANGUAGE_NATIVE:
	case LANGUAGE_COUNT:
		break;
	}
	return false;
}

/* --- finding it --------------------------------------------------------------------------------
 */

/* True when a library that may be an interpreter is mapped.  Quicker than libdw's reading of all.
 */
static bool may_have_one(pid_t pid)
{
	static const char *const names[] = {"python3.", "ruby", "perl", "php"};
	char path[32], line[512];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof line, file)) {
		const char *name = strchr(line, '/');

		for (size_t i = 0; name && i < sizeof names / sizeof names[0]; i++)
			found |= strstr(name, names[i]) != NULL;
	}
	if (file)
		fclose(file);
	return found;
}

static void read_link(pid_t pid, const char *name, char *out, size_t size)
{
	char path[32];
	ssize_t len;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	len = readlink(path, out, size - 1);
	out[len > 0 ? len : 0] = '\0';
}

/* NULL: no interpreter is mapped. */
static struct actor_interpreter *find_file(struct actor *actor)
{
	struct actor_interpreter *interpreter;
	struct interpreter file;
	bool is_program;

	memory_look_at(actor->pid);
	is_program = interpreter_find_program(actor->pid, &file);
	if (!is_program && !may_have_one(actor->pid))
		return NULL;
	actor->mapped = mapped_read(actor->mapped, actor->pid, 0);
	if (!actor->mapped ||
	    (!is_program && !interpreter_find_library(actor->mapped->dwfl, &file)))
		return NULL;
	interpreter = calloc(1, sizeof *interpreter);
	if (!interpreter)
		return NULL;
	interpreter->file = file;
	read_link(actor->pid, "cwd", interpreter->directory, sizeof interpreter->directory);
	return interpreter;
}

static void begin_reading(const struct actor *actor)
{
	memory_look_at(actor->pid);
	remote_set_interpreter(&actor->interpreter->file.module);
	remote_set_directory(actor->interpreter->directory);
}

/* False: no interpreter is mapped. */
static bool find_interpreter(struct actor *actor)
{
	if (!actor->interpreter)
		actor->interpreter = find_file(actor);
	return actor->interpreter != NULL;
}

static void plan_next_look(struct actor *actor)
{
	uint64_t now = sys_clock_ns(CLOCK_MONOTONIC), age, pause;

	if (actor->program_since_ns == 0 || actor->program_since_ns > now)
		actor->program_since_ns = now;
	age = now - actor->program_since_ns;
	actor->looked_ns = now;
	pause = actor->interpreter ? age / SOON : age;
	if (pause < FIRST_LOOK_NS)
		pause = FIRST_LOOK_NS;
	actor->next_look_ns = age < LAST_LOOK_NS ? now + pause : UINT64_MAX;
}

void actor_interpreter_look(struct actor *actor)
{
	struct peek peek;

	if (find_interpreter(actor)) {
		begin_reading(actor);
		peek_init(&peek);
		if (find_places(actor, &peek))
			tell_kernel(actor);
		else
			recall(actor);
	}
	plan_next_look(actor);
}

/* --- frames ------------------------------------------------------------------------------------
 */

static bool is_thread(uint64_t pthread, uint64_t wanted)
{
	return pthread == wanted;
}

static void walk_python(const struct actor_interpreter *interpreter,
			const struct event_stack *stack, struct stack_capture *capture)
{
	if (!interpreter->is_told)
		return;
	if (stack->python_count == 0) {
		python_walk_threads(&interpreter->python, is_thread, stack->thread_pointer,
				    capture);
		return;
	}
	python_begin(&interpreter->python);
	for (uint32_t i = 0; i < stack->python_count; i++)
		if (!stack_python_push(capture, &interpreter->python.types, stack->python[i].code,
				       stack->python[i].instruction))
			break;
	capture->text.truncated |= stack->python_count == EVENT_PYTHON_FRAMES;
}

static void walk_ruby(struct actor *actor, const struct event_stack *stack,
		      struct stack_capture *capture)
{
	struct actor_interpreter *interpreter = actor->interpreter;
	uint64_t thread_pointer = stack->thread_pointer;

	if (interpreter->is_told)
		ruby_walk_at(&interpreter->file, thread_pointer, interpreter->kernel.current,
			     capture);
	if (capture->text.count > 0)
		return;
	interpreter->kernel = (struct event_interpreter){
		.language = EVENT_RUBY,
		.current = ruby_find(&interpreter->file, &capture->peek, thread_pointer),
	};
	if (interpreter->kernel.current == 0)
		return;
	ruby_walk_at(&interpreter->file, thread_pointer, interpreter->kernel.current, capture);
	remember(interpreter);
	tell_kernel(actor);
}

static void walk_perl(struct actor *actor, const struct event_stack *stack,
		      struct stack_capture *capture)
{
	struct actor_interpreter *interpreter = actor->interpreter;
	struct stack_perl_places places;

	/* Of several interpreters that of the first thread is known. */
	if (stack->event.pid != stack->event.tid ||
	    !perl_walk_at(&interpreter->file, capture, &places))
		return;
	if (interpreter->is_told && interpreter->kernel.context_bytes != 0)
		return;
	fill_perl(interpreter, &places, &capture->peek, &interpreter->kernel);
	remember(interpreter);
	tell_kernel(actor);
}

static void walk_php(struct actor *actor, struct stack_capture *capture)
{
	struct actor_interpreter *interpreter = actor->interpreter;
	struct php_places places = {(uint64_t)interpreter->kernel.current, interpreter->php_file};

	if (interpreter->is_told && places.file == 0)
		(void)php_find_from(places.current, &capture->peek, &places);
	if (places.file == 0 && !php_find(&interpreter->file, &capture->peek, &places))
		return;
	if (!interpreter->is_told || interpreter->php_file != places.file) {
		interpreter->kernel = (struct event_interpreter){
			.language = EVENT_PHP, .current = (int64_t)places.current};
		interpreter->php_file = places.file;
		remember(interpreter);
		tell_kernel(actor);
	}
	php_walk_from(&places, capture);
}

static void lay_over(const struct event_stack *stack)
{
	static struct memory_piece pieces[EVENT_PIECES];

	for (uint32_t i = 0; i < stack->piece_count; i++)
		pieces[i] = (struct memory_piece){stack->pieces[i].address, stack->pieces[i].bytes,
						  EVENT_PIECE_BYTES};
	memory_lay_over(pieces, stack->piece_count);
}

static bool is_due(const struct actor *actor)
{
	uint64_t now = sys_clock_ns(CLOCK_MONOTONIC);

	return actor->interpreter || actor->looked_ns == 0 || now < actor->looked_ns ||
	       now - actor->looked_ns >= (now - actor->program_since_ns) / SOONER;
}

bool actor_interpreter_walk(struct actor *actor, const struct event_stack *stack,
			    struct stack_capture *capture)
{
	if (!is_told(actor) && is_due(actor))
		actor_interpreter_look(actor);
	if (!actor->interpreter)
		return true;
	begin_reading(actor);
	/* A child that is gone by now had its code from its parent, at the same addresses. */
	memory_stand_in(actor->parent_pid);
	/* Frames that were not copied are not looked for in what is kept, where older ones are. */
	if (stack->python_count > 0 || stack->piece_count > 0)
		memory_keep(actor->program);
	lay_over(stack);
	peek_init(&capture->peek);
	switch (actor->interpreter->file.language) {
	case LANGUAGE_PYTHON:
		walk_python(actor->interpreter, stack, capture);
		break;
	case LANGUAGE_RUBY:
		walk_ruby(actor, stack, capture);
		break;
	case LANGUAGE_PERL:
		walk_perl(actor, stack, capture);
		break;
	case LANGUAGE_PHP:
		walk_php(actor, capture);
		break;
	case LANGUAGE_NATIVE:
	case LANGUAGE_COUNT:
		break;
	}
	return stack->python_count > 0 || stack->piece_count > 0 || capture->text.count == 0;
}

/* --- looking again -----------------------------------------------------------------------------
 */

uint64_t actor_interpreter_look_again(void)
{
	uint64_t now = sys_clock_ns(CLOCK_MONOTONIC), next_ns = UINT64_MAX;
	struct actor *actor;

	for (actor = actor_living; actor; actor = actor->next) {
		if (is_told(actor))
			continue;
		if (now >= actor->next_look_ns)
			actor_interpreter_look(actor);
		if (actor->next_look_ns < next_ns)
			next_ns = actor->next_look_ns;
	}
	return next_ns;
}

void actor_interpreter_inherit(struct actor *child, const struct actor *parent)
{
	child->program_since_ns = parent->program_since_ns;
	child->next_look_ns = parent->next_look_ns;
	child->looked_ns = parent->looked_ns;
	if (!parent->interpreter || child->interpreter)
		return;
	child->interpreter = malloc(sizeof *child->interpreter);
	if (child->interpreter)
		*child->interpreter = *parent->interpreter; /* the kernel has done the same */
}
