/* SPDX-License-Identifier: MIT */
/*
 * See screen.h.
 *
 * The lines are those of show.c, which has escaped all foreign text; the screen cuts and scrolls
 * them.
 */
#include "top/screen.h"

#include <curses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "base/paragraph.h"
#include "top/show.h"

#define TOP_VERB "top"

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Draws the lines of `text` from row `row` on, without the first `skipped`; returns the next row.
 */
static int draw_lines(const char *text, int row, int skipped)
{
	while (*text != '\0' && row < LINES - 1) {
		size_t len = strcspn(text, "\n");

		if (skipped > 0)
			skipped--;
		else
			mvaddnstr(row++, 0, text, (int)len < COLS ? (int)len : COLS);
		text += len + (text[len] == '\n');
	}
	return row;
}

static void draw(const struct top_look *look, int skipped, bool paused)
{
	struct sentence totals, columns, connections;
	int row;

	sentence_begin(&totals);
	top_show_totals(look, totals.out);
	sentence_end(&totals);
	sentence_begin(&columns);
	top_show_columns(look, columns.out);
	sentence_end(&columns);
	sentence_begin(&connections);
	top_show_connections(look, connections.out);
	sentence_end(&connections);
	erase();
	row = draw_lines(totals.text, 0, 0) + 1;
	attron(A_REVERSE);
	mvprintw(row, 0, "%-*.*s", COLS, COLS, columns.text);
	attroff(A_REVERSE);
	draw_lines(connections.text, row + 1, skipped);
	mvaddnstr(LINES - 1, 0,
		  paused ? "paused   space goes on   q leaves"
			 : "q leaves   space pauses   up and down scroll   * opened it",
		  COLS);
	refresh();
	free(totals.text);
	free(columns.text);
	free(connections.text);
}

/* What the keys have asked for. */
struct keys {
	bool leave;
	bool paused;
	int skipped; /* connections scrolled away */
};

/* Takes one key, or waits until `until` (CLOCK_MONOTONIC, seconds). */
static void take_key(struct keys *keys, double until)
{
	double left = until - now_seconds();

	timeout(left > 0 ? (int)(left * 1000) + 1 : 0);
	switch (getch()) {
	case 'q':
	case 'Q':
		keys->leave = true;
		break;
	case ' ':
		keys->paused = !keys->paused;
		break;
	case KEY_DOWN:
	case 'j':
		keys->skipped++;
		break;
	case KEY_NPAGE:
		keys->skipped += LINES / 2;
		break;
	case KEY_UP:
	case 'k':
		keys->skipped -= keys->skipped > 0;
		break;
	case KEY_PPAGE:
		keys->skipped -= keys->skipped > LINES / 2 ? LINES / 2 : keys->skipped;
		break;
	case KEY_HOME:
		keys->skipped = 0;
		break;
	default:
		break;
	}
}

/* Two views, the latest and the one before. */
struct looks {
	struct session_view views[2];
	double times[2];
	int latest;
	size_t count; /* 0, 1 or 2 views are there */
};

static enum session_registry_state look_again(struct looks *looks, uint32_t uid,
					      const char *session, const char **why)
{
	int next = 1 - looks->latest;
	enum session_registry_state state;

	if (looks->count == 2)
		session_view_free(&looks->views[next]);
	state = session_view_take(uid, session, &looks->views[next], why);
	if (state != SESSION_REGISTRY_READ) {
		looks->count = looks->count == 2 ? 1 : looks->count;
		return state;
	}
	looks->times[next] = now_seconds();
	looks->latest = next;
	looks->count += looks->count < 2;
	return state;
}

static void draw_latest(const struct looks *looks, const struct keys *keys, uint32_t uid,
			const char *session)
{
	int latest = looks->latest;
	struct top_look look = {
		.view = &looks->views[latest],
		.before = looks->count == 2 ? &looks->views[1 - latest] : NULL,
		.seconds = looks->times[latest] - looks->times[1 - latest],
		.session = session,
		.uid = uid,
	};

	draw(&look, keys->skipped, keys->paused);
}

int top_screen(uint32_t uid, const char *session, double interval_seconds)
{
	struct sigaction action = {.sa_handler = stop};
	struct looks looks = {0};
	struct keys keys = {0};
	enum session_registry_state state = SESSION_REGISTRY_READ;
	const char *why = NULL;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	initscr();
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	(void)curs_set(0);
	while (!stopped && !keys.leave) {
		double until = now_seconds() + interval_seconds;

		if (!keys.paused)
			state = look_again(&looks, uid, session, &why);
		if (state != SESSION_REGISTRY_READ || looks.views[looks.latest].totals.alive == 0)
			break;
		while (!stopped && !keys.leave && now_seconds() < until) {
			draw_latest(&looks, &keys, uid, session);
			take_key(&keys, until);
		}
	}
	endwin();
	session_view_free(&looks.views[0]);
	session_view_free(&looks.views[1]);
	if (state == SESSION_REGISTRY_STRANGE) {
		cli_error(TOP_VERB, "%s: %s", session, why);
		return STATUS_NO_LOG;
	}
	if (!stopped && !keys.leave)
		printf("The session %s has ended.\n", session);
	return STATUS_OK;
}
