/* SPDX-License-Identifier: MIT */
/*
 * Links of the chain on the way to the centre: configuration, certificate, network.  See links.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fleet/links.h"

#define CENTRE_WAIT_MS 3000

/* --- configuration ------------------------------------------------------------------------- */

bool check_configuration(const struct agent_conf *conf)
{
	static const char advice[] =
		"run contrib/fleet/enrol for this host and copy its files here";
	char value[AGENT_CONF_VALUE_BYTES];

	if (!agent_conf_value(conf, "target", value) || value[0] == '@')
		return link_missing("configuration", advice, "%s names no centre", conf->path);
	if (agent_conf_value(conf, "persistStateInterval", value) && strcmp(value, "0") != 0)
		return link_missing(
			"configuration", "persistStateInterval=\"0\"",
			"%s: what was read and not acknowledged is lost when the agent is "
			"killed",
			conf->path);
	if (agent_conf_value(conf, "workDirectory", value) && strncmp(value, "/run/", 5) != 0)
		return link_missing(
			"configuration", "workDirectory=\"/run/forksan-agent\"",
			"%s: notes in %s outlive the agent, and lines that it had in hand "
			"are lost when it stops",
			conf->path, value);
	if (!agent_conf_value(conf, "maxMessageSize", value))
		return link_missing("configuration", "global(maxMessageSize=\"160k\")",
				    "%s: records of more than 8 KB are cut", conf->path);
	if (agent_conf_has(conf, "queue.filename") || agent_conf_has(conf, "LinkedList") ||
	    agent_conf_has(conf, "FixedArray"))
		return link_missing("configuration", "queue.type=\"Direct\"",
				    "%s: the file is the queue; another one loses lines",
				    conf->path);
	if (!agent_conf_value(conf, "tls", value) || strcmp(value, "on") != 0)
		return link_missing("configuration", advice, "%s sends without TLS", conf->path);
	return link_good("configuration", "%s", conf->path);
}

/* --- certificate --------------------------------------------------------------------------- */

/* Has openssl print the certificate's subject, a line for each part, into `out`.  Returns 0; 1 when
 * the certificate is over within a week, or the file is none; -1 when openssl cannot be run. */
static int run_openssl(const char *path, char *out, size_t size)
{
	int ends[2], status = -1;
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	out[0] = '\0';
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		execlp("openssl", "openssl", "x509", "-noout", "-subject", "-nameopt", "multiline",
		       "-checkend", "604800", "-in", path, NULL);
		_exit(127);
	}
	close(ends[1]);
	while (pid > 0 && len + 1 < size && (got = read(ends[0], out + len, size - 1 - len)) > 0)
		len += (size_t)got;
	out[len] = '\0';
	close(ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127)
		return -1;
	return WEXITSTATUS(status) != 0;
}

/* The key's file: there, and nobody else's to read. */
static bool check_key(const struct agent_conf *conf)
{
	char path[AGENT_CONF_VALUE_BYTES];
	struct stat status;

	if (!agent_conf_value(conf, "tls.myPrivKey", path))
		return link_missing("certificate", NULL, "%s names no key", conf->path);
	if (stat(path, &status) != 0)
		return link_missing("certificate", "copy the files that contrib/fleet/enrol made",
				    "%s: %s", path, strerror(errno));
	if ((status.st_mode & 077) != 0)
		return link_missing("certificate", "chmod 600 on it", "%s: others may read it",
				    path);
	return true;
}

bool check_certificate(const struct agent_conf *conf)
{
	char path[AGENT_CONF_VALUE_BYTES], text[4096], wanted[128];
	struct utsname host;
	int status;

	if (!agent_conf_value(conf, "tls.myCert", path))
		return link_missing("certificate", NULL, "%s names none", conf->path);
	if (access(path, R_OK) != 0)
		return link_missing("certificate", "copy the files that contrib/fleet/enrol made",
				    "%s: %s", path, strerror(errno));
	if (!check_key(conf))
		return false;
	status = run_openssl(path, text, sizeof text);
	if (status < 0)
		return link_missing("certificate", "apt-get install openssl",
				    "%s: openssl cannot be run to look at it", path);
	if (status != 0)
		return link_missing("certificate", "run contrib/fleet/enrol again",
				    "%s: it is over within a week, or no certificate", path);
	uname(&host);
	snprintf(wanted, sizeof wanted, "= %s\n", host.nodename);
	if (strstr(text, wanted) == NULL)
		return link_missing("certificate",
				    "enrol this host by the name that `uname -n` prints",
				    "%s is not that of %s: its records say another name than the "
				    "certificate",
				    path, host.nodename);
	return link_good("certificate", "%s, for %s", path, host.nodename);
}

/* --- network ------------------------------------------------------------------------------- */

/* 0, or why nothing listens there, as an errno. */
static int try_address(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd pollfd = {.fd = fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int error = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, address->ai_addr, address->ai_addrlen) != 0)
		error = errno;
	if (error == EINPROGRESS) {
		if (poll(&pollfd, 1, CENTRE_WAIT_MS) <= 0)
			error = ETIMEDOUT;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
			error = errno;
	}
	close(fd);
	return error;
}

bool check_centre(const struct agent_conf *conf)
{
	char target[AGENT_CONF_VALUE_BYTES], port[AGENT_CONF_VALUE_BYTES];
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *addresses;
	int error, result = ENOENT;

	if (!agent_conf_value(conf, "target", target) || !agent_conf_value(conf, "port", port))
		return link_missing("centre", NULL, "%s names none", conf->path);
	error = getaddrinfo(target, port, &hints, &addresses);
	if (error != 0)
		return link_missing("centre", "look at the name in the configuration", "%s: %s",
				    target, gai_strerror(error));
	for (const struct addrinfo *each = addresses; each != NULL && result != 0;
	     each = each->ai_next)
		result = try_address(each);
	freeaddrinfo(addresses);
	if (result != 0)
		return link_missing("centre",
				    "look at forksan-centre there, its hosts.d, and the firewall",
				    "%s port %s: %s; nothing is lost meanwhile", target, port,
				    strerror(result));
	return link_good("centre", "%s listens on port %s", target, port);
}
