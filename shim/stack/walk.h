/* SPDX-License-Identifier: MIT */
/*
 * The capture that stack.c hands to the walkers, and the walkers.
 *
 * A capture is one of a few static buffers, claimed for the time of one stack_take(): 5 KiB would
 * be too much for the 8 KiB stacks that signal handlers often have.  A walker appends an
 * interpreter's frames of the calling thread to `text`, innermost first; a walker that finds no
 * frames changes nothing.
 *
 * An interpreter is noticed when the loader's list is scanned (stack.c): each walker's "consider"
 * is shown every loaded file once, and keeps the addresses of the symbols needed.  A file may be
 * unloaded again; so a walker asks stack_home_is_loaded() before a call or a read at those
 * addresses.
 */
#ifndef FORKSAN_SHIM_STACK_WALK_H
#define FORKSAN_SHIM_STACK_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "forksan/limits.h"
#include "stack/cfi_memo.h"
#include "stack/module.h"
#include "stack/peek.h"
#include "stack/source_file.h"
#include "stack/stack.h"
#include "stack/text.h"

/* Ruby gives all frames at once.  A Rails request has 100 to 250. */
#define STACK_MAX_RUBY_FRAMES 300

struct stack_capture {
	struct peek peek;
	struct stack_text text;
	struct cfi_registers registers; /* of the native frame that the walk is at */
	uint64_t native[FORKSAN_MAX_NATIVE_FRAMES];
	uint16_t native_count;
	bool native_truncated;
	bool native_is_whole; /* the outermost frame was reached */
	bool met_new_module;  /* code of a file that this process's stacks have not had before */
	bool exiting;	      /* exit() is among the native frames */
	/* one walker at a time; of the native walker one step */
	union {
		struct cfi_memo_scratch cfi;
		struct module_room module;
		struct {
			uint64_t frames[STACK_MAX_RUBY_FRAMES];
			int lines[STACK_MAX_RUBY_FRAMES];
		} ruby;
	} shared;
	/* room for a walker's strings */
	char function[256];
	char file[512];
};

/* Appends a frame whose names are in capture->function and capture->file. */
static inline void stack_push(struct stack_capture *capture, enum language language,
			      size_t function_len, size_t file_len, uint32_t line)
{
	file_len = source_file_complete(capture->file, file_len, sizeof(capture->file));
	stack_text_push(&capture->text, language, capture->function, function_len, capture->file,
			file_len, line);
}

/* No more frames are looked at.  The innermost frames are kept; among the others only the
 * application's own innermost frame is searched for. */
#define STACK_MAX_WALKED 400

/* Which loaded file a walker's addresses are of. */
struct stack_home {
	uintptr_t map;
	uintptr_t bias;
};

static inline struct stack_home stack_home_of(const struct module *module)
{
	return (struct stack_home){module->map, module->bias};
}

/* True when `address`, found earlier in the file `home`, still lies in it. */
static inline bool stack_home_is_loaded(struct peek *peek, uintptr_t address,
					struct stack_home home)
{
	struct module module;

	return module_find(peek, address, &module) && module.map == home.map &&
	       module.bias == home.bias;
}

/* Native frames, from the caller's caller outwards.  See native.c. */
void stack_native_consider(struct peek *peek, const struct module *module, const char *name);
void stack_native_walk(struct stack_capture *capture, struct registry *registry);

/* Each interpreter: shown a loaded file with its base name; and walked. */
void stack_python_consider(struct peek *peek, const struct module *module, const char *name);
void stack_python_walk(struct stack_capture *capture);
const char *stack_python_complaint(void);
void stack_ruby_consider(struct peek *peek, const struct module *module, const char *name);
void stack_ruby_walk(struct stack_capture *capture);
const char *stack_ruby_complaint(void);
void stack_perl_consider(struct peek *peek, const struct module *module, const char *name);
void stack_perl_walk(struct stack_capture *capture);

/* Where Perl's frames begin: addresses of PL_curcop and PL_curstackinfo; bytes of a context, 0: not
 * known before two contexts were seen. */
struct stack_perl_places {
	uintptr_t cop;
	uintptr_t info;
	uint32_t context_bytes;
};

/* As stack_perl_walk(), for the tool, which has the kernel copy frames at a call.  False: nothing
 * was found. */
bool stack_perl_walk_at(struct stack_capture *capture, struct stack_perl_places *places);

void stack_php_consider(struct peek *peek, const struct module *module, const char *name);
void stack_php_walk(struct stack_capture *capture);

#endif
