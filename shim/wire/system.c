/* SPDX-License-Identifier: MIT */
/*
 * The system's own services, which many processes of a program share on purpose and which are not
 * watched by default: D-Bus, the journal and syslog, name services, X11 and Wayland, sound, agents
 * that hold keys.  Their sockets have known paths; some are recognised by their first bytes, too.
 *
 *   client:  00 "AUTH "                 D-Bus: a byte of credentials, then SASL
 *            "<" 1 to 3 digits ">"      syslog: facility and severity, then a date or a version
 *            6C 00 0B 00 00 00          X11: byte order, version 11.0; big-endian 42 00 00 0B 00 00
 *            00 00 00 01 0B             ssh-agent: SSH_AGENTC_REQUEST_IDENTITIES
 *
 * ssh-agent's path, agent.PID in a directory of any name, says too little.
 *
 * Sources: D-Bus Specification, "Authentication Protocol" and "Well-known Message Bus Instances";
 * RFC 5424 section 6 "Syslog Message Format", RFC 3164 section 4.1; X Window System Protocol
 * section 8 "Connection Setup"; draft-miller-ssh-agent sections 3 and 4;
 * systemd-journald.service(8), nscd(8), sssd(8), X(7) ("/tmp/.X11-unix"), the Wayland protocol's
 * "wl_display", gpg-agent(1), pulseaudio(1), pipewire(1).
 */
#include "wire/protocol.h"

#define MAX_PRIORITY_DIGITS 3

static enum wire_match recognise_syslog(const uint8_t *bytes, size_t len)
{
	size_t at = 1;

	if (bytes[0] != '<')
		return WIRE_NO;
	while (at < len && at <= MAX_PRIORITY_DIGITS && wire_is_digit(bytes[at]))
		at++;
	if (at == len)
		return WIRE_MAYBE;
	return at > 1 && bytes[at] == '>' ? WIRE_YES : WIRE_NO;
}

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range dbus[] = {
		WIRE_IS(0x00), WIRE_IS('A'), WIRE_IS('U'), WIRE_IS('T'), WIRE_IS('H'), WIRE_IS(' '),
	};
	static const struct wire_range x11_little[] = {
		WIRE_IS('l'),  WIRE_IS(0x00), WIRE_IS(0x0b),
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00),
	};
	static const struct wire_range x11_big[] = {
		WIRE_IS('B'),  WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_IS(0x0b), WIRE_IS(0x00), WIRE_IS(0x00),
	};
	static const struct wire_range ssh_agent[] = {
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x01), WIRE_IS(0x0b),
	};
	enum wire_match x11 = wire_match_best(WIRE_MATCH_RANGES(bytes, len, x11_little),
					      WIRE_MATCH_RANGES(bytes, len, x11_big));
	enum wire_match bus = wire_match_best(WIRE_MATCH_RANGES(bytes, len, dbus),
					      WIRE_MATCH_RANGES(bytes, len, ssh_agent));

	return wire_match_best(recognise_syslog(bytes, len), wire_match_best(x11, bus));
}

const struct wire_protocol wire_system = {
	.recognise = {recognise_client, NULL},
	.paths = {"/dev/log", "/systemd/", "/dbus/", "dbus-", "/bus", "/nscd/", "/sss/pipes/",
		  "/.X11-unix/", "wayland-", "/pulse/", "pipewire-", "/keyring/", "gpg-agent"},
};
