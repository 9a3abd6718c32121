/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches the containers of this machine from an epoll loop of its own: the engine's descriptor
 * beside one for signals and one for a timer. Prints drift and alerts on its standard output, and
 * counts on its standard error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <driftcore.h>

static const char usage[] =
	"usage: watch [-a] [-j] [-i SECONDS] [-o NAME=VALUE]... [-r FILE]...\n"
	"  -a             all events, not only drift\n"
	"  -j             one JSON object a line\n"
	"  -i SECONDS     how often to print counts (default: 60; 0: never)\n"
	"  -o NAME=VALUE  sets an option of the engine\n"
	"  -r FILE        rules of a file or directory instead of those that come with the library\n";

struct watch {
	driftcore_options *options;
	driftcore_sources *sources;
	driftcore_engine *engine;
	unsigned int interval;
	bool own_rules;
	bool json;
};

static void say(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fputs("watch: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
}

/* Says what the library refused, and frees its error. Never true, for `return`. */
static bool refused(const char *what, driftcore_error **error)
{
	driftcore_text message = driftcore_error_message(*error);

	say("%s: %.*s", what, (int)message.length, message.data ? message.data : "");
	driftcore_error_free(error);
	return false;
}

/* The same for the system. */
static bool failed(const char *what)
{
	say("%s: %s", what, strerror(errno));
	return false;
}

/* Text of a container may hold anything: control characters must not reach a terminal. */
static void print_text(driftcore_text text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if (byte < 0x20 || byte == 0x7f)
			printf("\\x%02x", byte);
		else
			putchar(byte);
	}
}

static void print_line(driftcore_text text)
{
	fwrite(text.data, 1, text.length, stdout);
	putchar('\n');
}

static void on_event(void *context, const driftcore_event *event)
{
	const struct watch *watch = context;
	driftcore_event_info info = { .size = sizeof(info) };
	driftcore_container container = { .size = sizeof(container) };
	driftcore_process process = { .size = sizeof(process) };
	driftcore_file file = { .size = sizeof(file) };
	driftcore_error *error = NULL;

	if (watch->json) {
		print_line(driftcore_event_json(event));
		return;
	}
	if (driftcore_event_get(event, &info, &error) != DRIFTCORE_STATUS_OK) {
		refused("event", &error);
		return;
	}
	printf("%s %s", info.drift ? "drift" : "event", driftcore_verdict_name(info.verdict));
	if (driftcore_event_file(event, &file)) {
		putchar(' ');
		print_text(file.path);
	}
	if (driftcore_event_container(event, &container)) {
		fputs(" in ", stdout);
		print_text(container.name.data ? container.name : container.id);
	}
	if (driftcore_event_process(event, &process)) {
		printf(" by %u ", process.pid);
		print_text(process.name);
	}
	if (info.reason.length) {
		fputs(": ", stdout);
		print_text(info.reason);
	}
	putchar('\n');
}

static void on_alert(void *context, const driftcore_alert *alert)
{
	const struct watch *watch = context;

	print_line(watch->json ? driftcore_alert_json(alert) : driftcore_alert_line(alert));
}

static bool set_option(struct watch *watch, const char *name, const char *value)
{
	driftcore_error *error = NULL;

	if (driftcore_options_set(watch->options, name, value, &error) != DRIFTCORE_STATUS_OK)
		return refused("-o", &error);
	return true;
}

/* Sets an option that is given as NAME=VALUE. */
static bool set_pair(struct watch *watch, char *pair)
{
	char *equals = strchr(pair, '=');

	if (!equals) {
		say("-o %s: expected NAME=VALUE", pair);
		return false;
	}
	*equals = '\0';
	return set_option(watch, pair, equals + 1);
}

static bool add_rules(struct watch *watch, const char *path)
{
	driftcore_error *error = NULL;

	watch->own_rules = true;
	if (driftcore_sources_add_path(watch->sources, path, &error) != DRIFTCORE_STATUS_OK)
		return refused(path, &error);
	return true;
}

static bool set_interval(struct watch *watch, const char *text)
{
	char *end;
	unsigned long seconds;

	errno = 0;
	seconds = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || seconds > 86400) {
		say("-i %s: expected seconds, at most a day", text);
		return false;
	}
	watch->interval = (unsigned int)seconds;
	return true;
}

static bool read_arguments(struct watch *watch, int argc, char **argv)
{
	bool good = true;
	int option;

	while (good && (option = getopt(argc, argv, "aji:o:r:")) != -1) {
		switch (option) {
		case 'a':
			good = set_option(watch, "scope.events", "all");
			break;
		case 'j':
			watch->json = true;
			break;
		case 'i':
			good = set_interval(watch, optarg);
			break;
		case 'o':
			good = set_pair(watch, optarg);
			break;
		case 'r':
			good = add_rules(watch, optarg);
			break;
		default:
			good = false;
		}
	}
	if (good && optind == argc)
		return true;
	fputs(usage, stderr);
	return false;
}

/* Loads the rules and prints what there is to be said about them; NULL: they have errors. */
static driftcore_rules *load_rules(struct watch *watch)
{
	driftcore_rules *rules = NULL;
	driftcore_diagnostics *diagnostics = NULL;
	driftcore_error *error = NULL;
	driftcore_diagnostic one = { .size = sizeof(one) };

	if (!watch->own_rules &&
	    driftcore_sources_add_shipped(watch->sources, &error) != DRIFTCORE_STATUS_OK) {
		refused("rules", &error);
		return NULL;
	}
	if (driftcore_rules_load(watch->sources, watch->options, &rules, &diagnostics, &error) !=
	    DRIFTCORE_STATUS_OK)
		refused("rules", &error);
	for (size_t i = 0; i < driftcore_diagnostics_count(diagnostics); i++) {
		if (driftcore_diagnostics_get(diagnostics, i, &one, NULL) == DRIFTCORE_STATUS_OK)
			fprintf(stderr, "%.*s\n", (int)one.rendered.length, one.rendered.data);
	}
	driftcore_diagnostics_free(&diagnostics);
	return rules;
}

static bool start(struct watch *watch)
{
	driftcore_callbacks callbacks = {
		.size = sizeof(callbacks),
		.context = watch,
		.event = on_event,
		.alert = on_alert,
	};
	driftcore_rules *rules = load_rules(watch);
	driftcore_error *error = NULL;
	driftcore_status status;

	if (!rules)
		return false;
	status = driftcore_engine_new(watch->options, rules, &callbacks, &watch->engine, &error);
	/* The engine shares them. */
	driftcore_rules_free(&rules);
	return status == DRIFTCORE_STATUS_OK || refused("engine", &error);
}

static void print_counts(const struct watch *watch)
{
	driftcore_counters counters = { .size = sizeof(counters) };
	driftcore_error *error = NULL;

	if (driftcore_engine_counters(watch->engine, &counters, &error) != DRIFTCORE_STATUS_OK) {
		refused("counters", &error);
		return;
	}
	say("%llu execs, %llu drift, %llu alerts, %llu lost", (unsigned long long)counters.execs,
	    (unsigned long long)counters.drift, (unsigned long long)counters.alerts,
	    (unsigned long long)counters.lost);
}

/* SIGINT and SIGTERM as a descriptor. They are blocked, in the threads of the engine too. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_timer(unsigned int seconds)
{
	struct itimerspec every = { { seconds, 0 }, { seconds, 0 } };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (timer >= 0 && timerfd_settime(timer, 0, &every, NULL)) {
		close(timer);
		return -1;
	}
	return timer;
}

static bool add(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Waits and does what there is to do, until a signal or an error ends it. */
static bool loop(struct watch *watch, int epoll, int signals, int timer)
{
	driftcore_error *error = NULL;

	for (;;) {
		struct epoll_event ready[3];
		bool ending = false;
		int count = epoll_wait(epoll, ready, 3, -1);

		if (count < 0 && errno != EINTR)
			return failed("epoll_wait");
		for (int i = 0; i < count; i++) {
			int fd = ready[i].data.fd;
			uint64_t expired;

			if (fd == signals)
				ending = true;
			else if (fd == timer && read(timer, &expired, sizeof(expired)) > 0)
				print_counts(watch);
			else if (fd == driftcore_engine_fd(watch->engine) &&
				 driftcore_engine_poll(watch->engine, 0, &error) != DRIFTCORE_STATUS_OK)
				return refused("poll", &error);
		}
		if (ending && driftcore_engine_finish(watch->engine, &error) != DRIFTCORE_STATUS_OK)
			return refused("finish", &error);
		if (fflush(stdout))
			return failed("standard output");
		if (ending)
			return true;
	}
}

static bool run(struct watch *watch)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int signals = open_signals();
	int timer = open_timer(watch->interval);
	bool good = false;

	if (epoll < 0 || signals < 0 || timer < 0) {
		failed("descriptors");
	} else if (start(watch)) {
		if (!add(epoll, signals) || !add(epoll, timer) ||
		    !add(epoll, driftcore_engine_fd(watch->engine))) {
			failed("epoll_ctl");
		} else {
			say("ready");
			good = loop(watch, epoll, signals, timer);
			print_counts(watch);
		}
	}
	driftcore_engine_destroy(&watch->engine);
	if (timer >= 0)
		close(timer);
	if (signals >= 0)
		close(signals);
	if (epoll >= 0)
		close(epoll);
	return good;
}

int main(int argc, char **argv)
{
	struct watch watch = {
		.options = driftcore_options_new(),
		.sources = driftcore_sources_new(),
		.interval = 60,
	};
	bool good = read_arguments(&watch, argc, argv) && run(&watch);

	driftcore_sources_free(&watch.sources);
	driftcore_options_free(&watch.options);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
