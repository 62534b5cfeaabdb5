/* SPDX-License-Identifier: MIT */
/*
 * forksan doctor: whether forksan will see a program, by which way, and what to do where not.
 * Nothing of the program is run; nothing is changed.
 */
#include "doctor/cmd_doctor.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "base/verb.h"
#include "doctor/checks.h"
#include "doctor/show.h"

#define DOCTOR_VERB "doctor"

struct doctor_options {
	pid_t pid; /* 0: a command */
	char **command;
	const char *log_path;
	bool has_user;
	uid_t uid;
	gid_t gid;
	enum doctor_way way; /* the exit status is about this one */
	bool json;
};

static const struct option longs[] = {
	{"for", required_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'},
	{"json", no_argument, NULL, 'j'},
	{"output", required_argument, NULL, 'o'},
	{"pid", required_argument, NULL, 'p'},
	{"user", required_argument, NULL, 'u'},
	{0},
};

static bool read_way(const char *text, enum doctor_way *way)
{
	if (strcmp(text, "preload") == 0)
		*way = DOCTOR_PRELOAD;
	else if (strcmp(text, "attach") == 0)
		*way = DOCTOR_ATTACH;
	else if (strcmp(text, "scan") == 0)
		*way = DOCTOR_SCAN;
	else
		cli_error(DOCTOR_VERB, "--for: expected preload, attach or scan, found %s", text);
	return strcmp(text, "preload") == 0 || strcmp(text, "attach") == 0 ||
	       strcmp(text, "scan") == 0;
}

/* Finds a user by name or number, "mysql", "mysql:mysql", "33". */
static bool find_user(const char *text, uid_t *uid, gid_t *gid)
{
	char name[64];
	const struct passwd *entry;

	snprintf(name, sizeof name, "%.*s", (int)strcspn(text, ":"), text);
	entry = getpwnam(name);
	if (entry == NULL && name[0] >= '0' && name[0] <= '9')
		entry = getpwuid((uid_t)strtoul(name, NULL, 10));
	if (entry != NULL) {
		*uid = entry->pw_uid;
		*gid = entry->pw_gid;
		return true;
	}
	if (name[0] == '\0' || strspn(name, "0123456789") != strlen(name))
		return false;
	*uid = (uid_t)strtoul(name, NULL, 10);
	*gid = *uid;
	return true;
}

static int read_options(int argc, char **argv, struct doctor_options *options)
{
	uint64_t number;
	int result;

	opterr = 0;
	while ((result = getopt_long(argc, argv, "+:hjo:p:u:", longs, NULL)) != -1) {
		switch (result) {
		case 'f':
			if (!read_way(optarg, &options->way))
				return STATUS_USAGE;
			break;
		case 'j':
			options->json = true;
			break;
		case 'o':
			options->log_path = optarg;
			break;
		case 'p':
			if (!cli_number(DOCTOR_VERB, "--pid", optarg, &number))
				return STATUS_USAGE;
			options->pid = number <= INT32_MAX ? (pid_t)number : INT32_MAX;
			break;
		case 'u':
			options->has_user = find_user(optarg, &options->uid, &options->gid);
			if (!options->has_user) {
				cli_error(DOCTOR_VERB, "--user: there is no user %s", optarg);
				return STATUS_USAGE;
			}
			break;
		case 'h':
			cli_print_help(&verb_doctor);
			return STATUS_OK;
		default:
			return cli_unknown_option(&verb_doctor, longs, argv, result);
		}
	}
	options->command = argv + optind;
	if ((options->pid != 0) == (optind < argc)) {
		cli_error(DOCTOR_VERB, "expected either -p PID or a command, found %s",
			  optind < argc ? "both" : "neither");
		return STATUS_USAGE;
	}
	return -1;
}

static void check_all(struct doctor_sheet *sheet, const struct subject *subject,
		      const struct doctor_options *options)
{
	check_program(sheet, subject);
	check_loader(sheet, subject);
	check_glibc(sheet, subject);
	check_preloads(sheet, subject);
	check_io_uring(sheet, subject);
	check_interpreters(sheet, subject);
	check_shm(sheet, subject);
	check_file_size(sheet, subject);
	check_sandbox(sheet, subject);
	check_users(sheet, subject, options->log_path);
	check_attach(sheet);
	check_scan(sheet, subject);
}

/* The user that the wrappers before the program change to, if one of them names a user. */
static void take_user(struct subject *subject, const struct doctor_options *options,
		      const struct launch *launch)
{
	subject->uid = geteuid();
	subject->gid = getegid();
	for (size_t i = 0; i < launch->step_count; i++)
		if (launch->steps[i].effect == LAUNCH_SWITCHES && launch->steps[i].why != NULL &&
		    find_user(launch->steps[i].why, &subject->uid, &subject->gid))
			subject->has_user = true;
	if (options->has_user) {
		subject->has_user = true;
		subject->uid = options->uid;
		subject->gid = options->gid;
	}
}

/* Returns an enum exit_status. */
static int finish(const struct doctor_sheet *sheet, const struct subject *subject,
		  const struct launch *launch, const struct doctor_options *options)
{
	enum doctor_state state = sheet_state(sheet, options->way);

	if (options->json)
		doctor_show_json(sheet, subject, launch, stdout);
	else
		doctor_show_text(sheet, subject, launch, stdout);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		cli_error(DOCTOR_VERB, "stdout: %s", strerror(errno));
		return STATUS_USAGE;
	}
	if (state == DOCTOR_BLIND)
		return STATUS_NOT_INSTRUMENTED;
	return state == DOCTOR_LIMIT ? STATUS_INCOMPLETE : STATUS_OK;
}

static int examine_command(const struct doctor_options *options, const struct library *library)
{
	struct doctor_sheet sheet = {0};
	struct subject subject = {.library = library};
	struct launch launch;
	int status = launch_follow(DOCTOR_VERB, options->command, library, &launch);

	if (status == 0) {
		subject.target = launch.target;
		take_user(&subject, options, &launch);
		subject_list_files(&subject);
		check_launch(&sheet, &launch, options->command);
		check_all(&sheet, &subject, options);
		status = finish(&sheet, &subject, &launch, options);
	}
	subject_free(&subject);
	launch_free(&launch);
	sheet_free(&sheet);
	return status;
}

static int examine_process(const struct doctor_options *options, const struct library *library)
{
	struct doctor_sheet sheet = {0};
	struct subject subject = {0};
	int status = STATUS_USAGE;
	int error = subject_read_process(&subject, options->pid, library);

	if (error == -ESRCH) {
		cli_error(DOCTOR_VERB, "there is no process %d", options->pid);
	} else if (error != 0) {
		cli_error(DOCTOR_VERB,
			  "process %d may not be looked at by this user; as root it may",
			  options->pid);
	} else {
		check_all(&sheet, &subject, options);
		status = finish(&sheet, &subject, NULL, options);
	}
	subject_free(&subject);
	sheet_free(&sheet);
	return status;
}

static int run(int argc, char **argv)
{
	struct doctor_options options = {.way = DOCTOR_PRELOAD};
	struct library library;
	int status = read_options(argc, argv, &options);

	if (status >= 0)
		return status;
	if (!library_find(DOCTOR_VERB, &library))
		return STATUS_NOT_INSTRUMENTED;
	return options.pid != 0 ? examine_process(&options, &library)
				: examine_command(&options, &library);
}

const struct verb verb_doctor = {
	.name = DOCTOR_VERB,
	.usage = "[OPTION...] -p PID | [--] CMD [ARGUMENT...]",
	.summary = "says whether forksan will see a program, how, and what to do where not",
	.help = "  -p, --pid PID      look at a process that runs\n"
		"  -o, --output FILE  the log that is meant; else that of FORKSAN_OPTIONS\n"
		"  -u, --user USER    the user that the program changes to\n"
		"      --for WAY      the exit status is about this way: preload (forksan run), "
		"attach\n"
		"                     or scan; preload without it\n"
		"  -j, --json         one JSON object\n"
		"  -h, --help         this text\n\n"
		"Wrappers (env, sudo, timeout, tini, ...) and shell scripts are followed as far as "
		"their\n"
		"text says what they start.  Nothing of the program is run.  Exit status: 0 it "
		"will be\n"
		"seen; 67 in part; 126 not at all; 127 CMD was not found; 2 for wrong usage.\n",
	.run = run,
};
