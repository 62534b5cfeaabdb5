/* SPDX-License-Identifier: MIT */
/*
 * See wrappers.h.  The options are those of the manual pages, as of Debian 12.
 */
#include "doctor/wrappers.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct wrapper wrappers[] = {
	/* name, effect, words before the command, options with a value */
	{"nice",             LAUNCH_PASSES,    0, "n",        " adjustment "},
	{"ionice",           LAUNCH_PASSES,    0, "cnpPu",    " class classdata "},
	{"nohup",            LAUNCH_PASSES,    0, "",         ""},
	{"setsid",           LAUNCH_PASSES,    0, "",         ""},
	{"stdbuf",           LAUNCH_PASSES,    0, "ioe",      " input output error "},
	{"timeout",          LAUNCH_PASSES,    1, "ks",       " kill-after signal "},
	{"time",             LAUNCH_PASSES,    0, "fo",       " format output "},
	{"chrt",             LAUNCH_PASSES,    1, "TPD",      " sched-runtime sched-period sched-deadline "},
	{"taskset",          LAUNCH_PASSES,    1, "",         ""},
	{"numactl",          LAUNCH_PASSES,    0, "iNCpmw",   " interleave cpunodebind physcpubind preferred membind "},
	{"flock",            LAUNCH_PASSES,    1, "wE",       " wait timeout conflict-exit-code "},
	{"cgexec",           LAUNCH_PASSES,    0, "g",        ""},
	{"unshare",          LAUNCH_PASSES,    0, "RwSG",     " root wd setuid setgid map-user map-group propagation setgroups "},
	{"prlimit",          LAUNCH_PASSES,    0, "",         ""},
	{"dumb-init",        LAUNCH_PASSES,    0, "r",        " rewrite "},
	{"tini",             LAUNCH_PASSES,    0, "pe",       ""},
	{"catatonit",        LAUNCH_PASSES,    0, "",         ""},
	{"strace",           LAUNCH_PASSES,    0, "abeEIoOpPsSuUX", ""},
	{"eatmydata",        LAUNCH_PASSES,    0, "",         ""},
	{"faketime",         LAUNCH_PASSES,    1, "p",        ""},
	{"torsocks",         LAUNCH_PASSES,    0, "uPa",      " user pass address port "},
	{"setpriv",          LAUNCH_SWITCHES,  0, "",         " reuid regid groups inh-caps ambient-caps bounding-set securebits pdeathsig selinux-label apparmor-profile ruid euid rgid egid "},
	{"gosu",             LAUNCH_SWITCHES,  1, "",         ""},
	{"su-exec",          LAUNCH_SWITCHES,  1, "",         ""},
	{"setuidgid",        LAUNCH_SWITCHES,  1, "",         ""},
	{"s6-setuidgid",     LAUNCH_SWITCHES,  1, "",         ""},
	{"chpst",            LAUNCH_SWITCHES,  0, "uUbemdopfcrtlLn/", ""},
	{"runuser",          LAUNCH_SWITCHES,  0, "ucgGsw",   " user command group supp-group shell whitelist-environment "},
	{"su",               LAUNCH_SWITCHES,  0, "cgGsw",    " command group supp-group shell whitelist-environment "},
	{"start-stop-daemon", LAUNCH_SWITCHES, 0, "pxnucgrdNPIkKR", " pidfile exec name user chuid group chroot chdir nicelevel procsched iosched umask retry startas "},
	{"sudo",             LAUNCH_SCRUBS,    0, "CDghpRrTtUu", " close-from chdir group host prompt chroot role command-timeout type other-user user "},
	{"doas",             LAUNCH_SCRUBS,    0, "Cu",       ""},
	{"pkexec",           LAUNCH_SCRUBS,    0, "",         " user "},
	{"chroot",           LAUNCH_ELSEWHERE, 1, "",         ""},
	{"systemd-run",      LAUNCH_ELSEWHERE, 0, "puHMtEd",  " property unit description slice uid gid nice setenv working-directory host machine "},
	{"systemctl",        LAUNCH_ELSEWHERE, 0, "",         ""},
	{"service",          LAUNCH_ELSEWHERE, 0, "",         ""},
	{"docker",           LAUNCH_ELSEWHERE, 0, "",         ""},
	{"podman",           LAUNCH_ELSEWHERE, 0, "",         ""},
	{"nerdctl",          LAUNCH_ELSEWHERE, 0, "",         ""},
	{"docker-compose",   LAUNCH_ELSEWHERE, 0, "",         ""},
	{"kubectl",          LAUNCH_ELSEWHERE, 0, "",         ""},
	{"ssh",              LAUNCH_ELSEWHERE, 0, "",         ""},
	{"nsenter",          LAUNCH_ELSEWHERE, 0, "tSGrw",    " target setuid setgid "},
};
/* clang-format on */

const struct wrapper *wrapper_find(const char *name)
{
	for (size_t i = 0; i < sizeof wrappers / sizeof wrappers[0]; i++)
		if (strcmp(wrappers[i].name, name) == 0)
			return &wrappers[i];
	return NULL;
}

static bool has_value(const struct wrapper *wrapper, const char *option)
{
	char wanted[64];

	snprintf(wanted, sizeof wanted, " %s ", option);
	return strstr(wrapper->longs, wanted) != NULL;
}

static bool names_user(const char *option, size_t len)
{
	return (len == 4 && memcmp(option, "user", len) == 0) ||
	       (len == 5 && memcmp(option, "reuid", len) == 0) ||
	       (len == 5 && memcmp(option, "chuid", len) == 0);
}

/* Skips one long option, and its value where that is a word of its own. */
static char **skip_long(const struct wrapper *wrapper, char **word, const char **user)
{
	const char *option = *word + 2;
	size_t len = strcspn(option, "=");

	if (option[len] == '=') {
		if (names_user(option, len))
			*user = option + len + 1;
		return word + 1;
	}
	if (!has_value(wrapper, option) || word[1] == NULL)
		return word + 1;
	if (names_user(option, len))
		*user = word[1];
	return word + 2;
}

static char **skip_shorts(const struct wrapper *wrapper, char **word, const char **user)
{
	for (char *letter = *word + 1; *letter != '\0'; letter++) {
		char *value = letter[1] != '\0' ? letter + 1 : word[1];

		if (strchr(wrapper->shorts, *letter) == NULL)
			continue;
		if (*letter == 'u' && value != NULL)
			*user = value;
		return word + (letter[1] != '\0' || word[1] == NULL ? 1 : 2);
	}
	return word + 1;
}

char **wrapper_command(const struct wrapper *wrapper, char **words, const char **user)
{
	char **word = words + 1;

	*user = NULL;
	while (*word != NULL && (*word)[0] == '-' && (*word)[1] != '\0') {
		if (strcmp(*word, "--") == 0) {
			word++;
			break;
		}
		word = (*word)[1] == '-' ? skip_long(wrapper, word, user)
					 : skip_shorts(wrapper, word, user);
	}
	for (int i = 0; i < wrapper->positional && *word != NULL; i++, word++)
		if (i == 0 && wrapper->effect == LAUNCH_SWITCHES)
			*user = *word;
	return *word != NULL ? word : NULL;
}
