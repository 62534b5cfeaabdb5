/* SPDX-License-Identifier: MIT */
/*
 * The system's own services, which many processes of a program share on purpose and which are not
 * watched by default: D-Bus, the journal and syslog, name services, X11 and Wayland, sound, agents
 * that hold keys.  Their sockets have known paths; D-Bus is recognised by its first bytes, too.
 *
 *   client:  00 "AUTH "     D-Bus: a byte of credentials, then SASL
 *
 * Sources: D-Bus Specification, "Authentication Protocol" and "Well-known Message Bus Instances";
 * systemd-journald.service(8), nscd(8), sssd(8), X(7) ("/tmp/.X11-unix"), the Wayland protocol's
 * "wl_display", ssh-agent(1), gpg-agent(1), pulseaudio(1), pipewire(1).
 */
#include "wire/protocol.h"

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range opening[] = {
		WIRE_IS(0x00), WIRE_IS('A'), WIRE_IS('U'), WIRE_IS('T'), WIRE_IS('H'), WIRE_IS(' '),
	};

	return WIRE_MATCH_RANGES(bytes, len, opening);
}

const struct wire_protocol wire_system = {
	.recognise = {recognise_client, NULL},
	.paths = {"/dev/log", "/systemd/", "/dbus/", "dbus-", "/bus", "/nscd/", "/sss/pipes/",
		  "/.X11-unix/", "wayland-", "/pulse/", "pipewire-", "/keyring/", "gpg-agent",
		  "agent.", "_agent"},
};
