/* SPDX-License-Identifier: MIT */
/*
 * See stacks.h.
 */
#include "stacks/stacks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/names.h"
#include "common/own_code.h"
#include "stacks/interpreters.h"
#include "stacks/mapped_files.h"
#include "stacks/maps.h"
#include "stacks/memory.h"
#include "stacks/native.h"
#include "stacks/registers.h"
#include "stacks/remote.h"

#define PATIENCE_S 10

/* --- the reading process --------------------------------------------------------------------- */

static const Dwfl_Callbacks callbacks = {
	.find_elf = mapped_files_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

/* The thread's number as the thread itself knows it: the last of NSpid (proc(5)), which differs in
 * a container. */
static pid_t inner_tid(pid_t pid, pid_t tid)
{
	char path[64], line[256];
	pid_t inner = tid;
	FILE *status;

	snprintf(path, sizeof path, "/proc/%d/task/%d/status", pid, tid);
	status = fopen(path, "re");
	while (status != NULL && fgets(line, sizeof line, status) != NULL)
		if (strncmp(line, "NSpid:", 6) == 0)
			inner = (pid_t)atoi(strrchr(line, '\t') + 1);
	if (status != NULL)
		fclose(status);
	return inner;
}

/* /proc is gone after it, where the process has another root. */
static Dwfl *open_files(pid_t pid)
{
	static struct mapped_files files;
	char path[64], directory[FORKSAN_PATH_BYTES];
	Dwfl *dwfl = dwfl_begin(&callbacks);
	ssize_t len;
	FILE *maps;

	snprintf(path, sizeof path, "/proc/%d/cwd", pid);
	len = readlink(path, directory, sizeof directory - 1);
	directory[len > 0 ? len : 0] = '\0';
	remote_set_directory(directory);
	snprintf(path, sizeof path, "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	mapped_files_read(&files, pid);
	mapped_files_enter_root(&files);
	/* The paths are as seen from the root at which they are read. */
	if (maps != NULL)
		maps = maps_read(maps);
	if (dwfl == NULL || maps == NULL || dwfl_linux_proc_maps_report(dwfl, maps) != 0 ||
	    dwfl_report_end(dwfl, NULL, NULL) != 0)
		return NULL;
	fclose(maps);
	mapped_files_set(&files, dwfl);
	return dwfl;
}

/* Appends the frames of a capture, which struct registry_stack's packing has. */
static void put_text(const struct stack_text *text, json_t *frames)
{
	const char *at = text->bytes;

	for (unsigned i = 0; i < text->count; i++) {
		const unsigned char *line = (const unsigned char *)at + 1;
		const char *function = at + 5;
		const char *file = function + strlen(function) + 1;
		json_t *frame =
			json_pack("{s:s, s:b}", "language", language_name((enum language)at[0]),
				  "own", own_code_is_file(file, strlen(file)));

		json_object_set_new(frame, "function", json_string(function));
		json_object_set_new(frame, "file", json_string(file));
		json_object_set_new(frame, "line",
				    json_integer(line[0] | line[1] << 8 | line[2] << 16 |
						 (json_int_t)line[3] << 24));
		json_array_append_new(frames, frame);
		at = file + strlen(file) + 1;
	}
}

/* Returns the frames; NULL: the thread went on while it was read.  *without is the interpreter of
 * which there are none, or LANGUAGE_NATIVE. */
static json_t *read_frames(pid_t pid, pid_t tid, const struct registers *registers,
			   enum language *without)
{
	static struct stack_capture capture;
	static struct interpreter interpreter;
	pid_t inner = inner_tid(pid, tid);
	json_t *frames = json_array(), *native = json_array();
	bool is_found;
	Dwfl *dwfl;

	memory_look_at(pid);
	is_found = interpreter_find_program(pid, &interpreter);
	dwfl = open_files(pid);
	if (dwfl != NULL) {
		if (is_found || interpreter_find_library(dwfl, &interpreter))
			remote_set_interpreter(&interpreter.module);
		peek_init(&capture.peek);
		interpreter_walk(&interpreter, inner, &capture);
		if (capture.text.count == 0)
			*without = interpreter.language;
		put_text(&capture.text, frames);
		native_walk(dwfl, pid, tid, registers, native);
	}
	json_array_extend(frames, native);
	return registers_still_hold(registers) ? frames : NULL;
}

/* Writes {"frames": ...} or {"why": ...}, or both: why frames are lacking. */
static void answer(pid_t pid, pid_t tid, bool stop, int out)
{
	struct registers registers;
	int result =
		stop ? registers_stop(tid, &registers) : registers_of_sleeper(pid, tid, &registers);
	enum language without = LANGUAGE_NATIVE;
	json_t *frames = result == 0 ? read_frames(pid, tid, &registers, &without) : NULL;
	json_t *record;

	if (frames != NULL)
		record = json_pack("{s:o, s:s?}", "frames", frames, "call",
				   stop ? NULL : registers.sleeps_as);
	else if (result == 0)
		record = json_pack("{s:s}", "why", "it went on while it was read");
	else if (result == -EBUSY)
		record = json_pack("{s:s}", "why", "it runs; --stop would stop it to look");
	else
		record = json_pack("{s:s}", "why", strerror(-result));
	if (frames != NULL && without != LANGUAGE_NATIVE)
		json_object_set_new(
			record, "why",
			json_sprintf("no frames of %s: its version (or this build of it) is not "
				     "known, or the thread runs none of its code",
				     language_name(without)));
	if (record != NULL)
		json_dumpfd(record, out, JSON_COMPACT);
	registers_release(tid, &registers);
}

/* --- the calling one ------------------------------------------------------------------------- */

void stacks_begin(struct stacks_reader *reader, pid_t pid, pid_t tid, bool stop)
{
	pid_t parent = getpid();
	int ends[2];

	*reader = (struct stacks_reader){-1, -1};
	if (pipe2(ends, O_CLOEXEC) != 0)
		return;
	reader->child = fork();
	if (reader->child == 0) {
		/* whatever becomes of the reader, it ends, and a stopped thread with it goes on */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		signal(SIGALRM, SIG_DFL);
		alarm(PATIENCE_S);
		answer(pid, tid, stop, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	reader->fd = ends[0];
}

json_t *stacks_end(struct stacks_reader *reader, char **call, char *why, size_t size)
{
	json_t *record, *frames;
	const char *text;
	int status;

	*call = NULL;
	snprintf(why, size, "it could not be read");
	if (reader->child < 0)
		return NULL;
	record = json_loadfd(reader->fd, 0, NULL);
	close(reader->fd);
	waitpid(reader->child, &status, 0);
	frames = json_incref(json_object_get(record, "frames"));
	text = json_string_value(json_object_get(record, "why"));
	if (text != NULL || frames != NULL)
		snprintf(why, size, "%s", text != NULL ? text : "");
	text = json_string_value(json_object_get(record, "call"));
	if (text != NULL)
		*call = strdup(text);
	json_decref(record);
	return frames;
}
