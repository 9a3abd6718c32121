/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One engine, and everything that callbacks and threads may do to it. Needs root, and a container
 * in which drift happens all the time. An argument that is a number is that of the reloads.
 */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/* Nothing takes longer, on a busy machine too. */
#define PATIENCE_SECONDS 30

struct watch {
	driftcore_engine *engine;
	driftcore_rules *rules;
	atomic_int events;
	/* Events that a rule matches, and alerts. */
	atomic_int added;
	atomic_int alerts;
	/* Executions of what the container dropped. */
	atomic_int storm;
	void (*within)(struct watch *watch, const driftcore_event *event);
};

static void on_event(void *context, const driftcore_event *event)
{
	struct watch *watch = context;
	driftcore_event_info info = { .size = sizeof(info) };

	CHECK_OK(driftcore_event_get(event, &info, NULL));
	watch->added += info.verdict == DRIFTCORE_VERDICT_ADDED;
	if (info.kind == DRIFTCORE_KIND_BINARY) {
		driftcore_file file = { .size = sizeof(file) };

		watch->storm += driftcore_event_file(event, &file) && text_is(file.path, "/tmp/x");
	}
	watch->events++;
	if (watch->within)
		watch->within(watch, event);
}

static void on_alert(void *context, const driftcore_alert *alert)
{
	struct watch *watch = context;
	driftcore_alert_info info = { .size = sizeof(info) };

	watch->alerts++;
	CHECK_OK(driftcore_alert_get(alert, &info, NULL));
	CHECK(driftcore_alert_event(alert) != NULL);
}

#define ENGINE_RULES                                                                               \
	"- rule: drift\n  desc: d\n  condition: drift.verdict = added\n"                          \
	"  output: o %file.path\n  priority: WARNING\n"

static void start(struct watch *watch)
{
	driftcore_callbacks callbacks = { sizeof(callbacks), watch, on_event, on_alert };
	driftcore_error *error = NULL;

	if (!watch->rules)
		watch->rules = rules_of(ENGINE_RULES);
	if (driftcore_engine_new(NULL, watch->rules, &callbacks, &watch->engine, &error)) {
		driftcore_text message = driftcore_error_message(error);

		printf("no engine: %.*s\n", (int)message.length, message.data);
		exit(2);
	}
	/* What ran before is reported before; `within` is for what comes. */
	CHECK(driftcore_engine_fd(watch->engine) >= 0);
}

static void end(struct watch *watch)
{
	driftcore_engine_destroy(&watch->engine);
	CHECK(!watch->engine);
	driftcore_engine_destroy(&watch->engine);
	driftcore_rules_free(&watch->rules);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Waits for events that another thread receives. */
static void wait_for(struct watch *watch, int events)
{
	double deadline = now() + PATIENCE_SECONDS;

	while (watch->events < events && now() < deadline)
		usleep(1000);
	CHECK(watch->events >= events);
}

static void *run(void *context)
{
	struct watch *watch = context;

	return (void *)(long)driftcore_engine_run(watch->engine, NULL);
}

static void is_busy(driftcore_status status, driftcore_error **error)
{
	CHECK_IS(DRIFTCORE_STATUS_BUSY, status);
	CHECK_IS(DRIFTCORE_STATUS_BUSY, driftcore_error_status(*error));
	driftcore_error_free(error);
}

static void call_back(struct watch *watch, const driftcore_event *event)
{
	driftcore_counters counters = { .size = sizeof(counters) };
	driftcore_error *error = NULL;

	is_busy(driftcore_engine_poll(watch->engine, 0, &error), &error);
	is_busy(driftcore_engine_run(watch->engine, &error), &error);
	is_busy(driftcore_engine_finish(watch->engine, &error), &error);
	CHECK_OK(driftcore_engine_counters(watch->engine, &counters, NULL));
	CHECK_OK(driftcore_engine_set_rules(watch->engine, watch->rules, NULL));
	CHECK(driftcore_engine_fd(watch->engine) >= 0);
	CHECK(driftcore_event_json(event).length > 0);
	driftcore_engine_stop(watch->engine);
}

static void callback_calls_back(void)
{
	struct watch watch = { 0 };
	double began = now();

	start(&watch);
	watch.within = call_back;
	CHECK_OK(driftcore_engine_run(watch.engine, NULL));
	CHECK(watch.events > 0);
	CHECK(now() - began < PATIENCE_SECONDS);
	/* For good. */
	CHECK_OK(driftcore_engine_run(watch.engine, NULL));
	end(&watch);
}

static void destroy_within(struct watch *watch, const driftcore_event *event)
{
	driftcore_engine_destroy(&watch->engine);
	CHECK(!watch->engine);
	/* The event is there until this returns. */
	CHECK(driftcore_event_json(event).length > 0);
}

static void destroyed_in_a_callback(void)
{
	for (int running = 0; running < 2; running++) {
		struct watch watch = { 0 };
		driftcore_engine *engine;
		double deadline = now() + PATIENCE_SECONDS;
		int before;

		start(&watch);
		before = watch.events;
		watch.within = destroy_within;
		engine = watch.engine;
		if (running)
			CHECK_OK(driftcore_engine_run(engine, NULL));
		while (watch.engine && now() < deadline)
			CHECK_OK(driftcore_engine_poll(watch.engine, 100, NULL));
		CHECK(!watch.engine);
		CHECK_IS(before + 1, watch.events);
		end(&watch);
	}
}

static void destroyed_by_another_thread(void)
{
	for (int round = 0; round < 2; round++) {
		struct watch watch = { 0 };
		pthread_t thread;
		void *status;
		int events, alerts;

		start(&watch);
		NEED(pthread_create(&thread, NULL, run, &watch) == 0);
		wait_for(&watch, watch.events + 2);
		driftcore_engine_destroy(&watch.engine);
		events = watch.events;
		alerts = watch.alerts;
		usleep(200 * 1000);
		/* No callback after destroy returned. */
		CHECK_IS(events, watch.events);
		CHECK_IS(alerts, watch.alerts);
		NEED(pthread_join(thread, &status) == 0);
		CHECK_OK((long)status);
		end(&watch);
	}
}

static atomic_int go_on;

static void *disturb(void *context)
{
	struct watch *watch = context;
	driftcore_counters counters = { .size = sizeof(counters) };
	long wrong = 0;

	while (go_on) {
		driftcore_error *error = NULL;

		wrong += driftcore_engine_poll(watch->engine, 0, &error) != DRIFTCORE_STATUS_BUSY;
		wrong += error == NULL;
		driftcore_error_free(&error);
		wrong += driftcore_engine_set_rules(watch->engine, watch->rules, NULL) != 0;
		wrong += driftcore_engine_counters(watch->engine, &counters, NULL) != 0;
		wrong += driftcore_engine_fd(watch->engine) < 0;
		usleep(500);
	}
	return (void *)wrong;
}

/* The thread that watches for it may hold the engine for a moment. */
static void *run_when_free(void *context)
{
	struct watch *watch = context;
	driftcore_status status;

	do {
		status = driftcore_engine_run(watch->engine, NULL);
	} while (status == DRIFTCORE_STATUS_BUSY);
	return (void *)(long)status;
}

static void engine_of_eight_threads(void)
{
	struct watch watch = { 0 };
	pthread_t threads[8];
	void *wrong;

	start(&watch);
	go_on = 1;
	NEED(pthread_create(&threads[0], NULL, run_when_free, &watch) == 0);
	/* From now on the engine is that thread's, until it is stopped. */
	while (driftcore_engine_poll(watch.engine, 0, NULL) != DRIFTCORE_STATUS_BUSY)
		usleep(500);
	for (size_t i = 1; i < COUNT(threads); i++)
		NEED(pthread_create(&threads[i], NULL, disturb, &watch) == 0);
	wait_for(&watch, watch.events + 20);
	go_on = 0;
	for (size_t i = 1; i < COUNT(threads); i++) {
		NEED(pthread_join(threads[i], &wrong) == 0);
		CHECK_IS(0, (long)wrong);
	}
	driftcore_engine_stop(watch.engine);
	NEED(pthread_join(threads[0], &wrong) == 0);
	CHECK_OK((long)wrong);
	end(&watch);
}

static driftcore_engine *_Atomic to_stop;

static void stop_it(int signal)
{
	(void)signal;
	driftcore_engine_stop(to_stop);
}

static void stopped_by_a_signal_handler(void)
{
	struct watch watch = { 0 };
	struct itimerval soon = { { 0, 0 }, { 0, 300 * 1000 } };
	struct sigaction action = { .sa_handler = stop_it }, before;
	double began;

	start(&watch);
	to_stop = watch.engine;
	NEED(sigaction(SIGALRM, &action, &before) == 0);
	began = now();
	NEED(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	CHECK_OK(driftcore_engine_run(watch.engine, NULL));
	CHECK(now() - began >= 0.3);
	CHECK(now() - began < PATIENCE_SECONDS);
	NEED(sigaction(SIGALRM, &before, NULL) == 0);
	end(&watch);
}

static void a_few_of_them(void)
{
	for (int i = 0; i < 3; i++) {
		struct watch watch = { 0 };
		driftcore_counters counters = { .size = sizeof(counters) };
		double deadline = now() + PATIENCE_SECONDS;

		start(&watch);
		/* What comes first may be another container's, or have no alert. */
		while ((!counters.execs || !counters.alerts) && now() < deadline) {
			CHECK_OK(driftcore_engine_poll(watch.engine, 100, NULL));
			CHECK_OK(driftcore_engine_counters(watch.engine, &counters, NULL));
		}
		CHECK_OK(driftcore_engine_finish(watch.engine, NULL));
		CHECK_OK(driftcore_engine_counters(watch.engine, &counters, NULL));
		CHECK(counters.execs > 0 && counters.drift > 0 && counters.alerts > 0);
		CHECK_IS(watch.alerts, counters.alerts);
		end(&watch);
	}
}

static int reloads = 1000;

static void rules_reloaded_under_load(void)
{
	struct watch watch = { 0 };
	pthread_t thread;
	size_t warm = 0;
	void *status;
	int alerts;

	start(&watch);
	NEED(pthread_create(&thread, NULL, run, &watch) == 0);
	alerts = watch.alerts;
	for (int i = 0; i < reloads; i++) {
		driftcore_rules *rules = rules_of(ENGINE_RULES);

		CHECK_OK(driftcore_engine_set_rules(watch.engine, rules, NULL));
		driftcore_rules_free(&rules);
		if (i == reloads / 10)
			warm = mallinfo2().uordblks + mallinfo2().hblkhd;
	}
	/* What the engine knows of processes that come and go is bounded, and not constant. */
	CHECK(mallinfo2().uordblks + mallinfo2().hblkhd < warm + 1024 * 1024);
	/* Of what comes, the event of another container may have no alert. */
	for (double deadline = now() + PATIENCE_SECONDS; watch.alerts == alerts && now() < deadline;)
		usleep(1000);
	CHECK(watch.alerts > alerts);
	driftcore_engine_stop(watch.engine);
	NEED(pthread_join(thread, &status) == 0);
	CHECK_OK((long)status);
	/* Every event of drift found the rule, whichever copy of it. */
	CHECK_IS(watch.added, watch.alerts);
	end(&watch);
}

static void on_exception(void *context, const driftcore_exception *exception)
{
	unsigned long long *taken = context;

	CHECK(text_is(exception->reason, "the storm") && text_is(exception->author, "us"));
	CHECK(exception->expires_ns > 0 && text_has(exception->yaml, "/tmp/x"));
	if (taken)
		*taken = exception->taken;
}

/* How often the exception was used; -1 while there is none. */
static long long taken(struct watch *watch)
{
	unsigned long long count = -1;

	CHECK_OK(driftcore_engine_exceptions(watch->engine, on_exception, &count, NULL));
	return (long long)count;
}

/* Polls until a count is there. */
static void poll_until(struct watch *watch, int storm, long long exceptions)
{
	double deadline = now() + PATIENCE_SECONDS;

	while ((watch->storm < storm || taken(watch) < exceptions) && now() < deadline)
		CHECK_OK(driftcore_engine_poll(watch->engine, 100, NULL));
	CHECK(watch->storm >= storm && taken(watch) >= exceptions);
}

static void normality_replaced(void)
{
	char path[] = "/tmp/driftcore-exceptions-XXXXXX";
	driftcore_options *options = driftcore_options_new();
	driftcore_error *error = NULL;
	struct watch watch = { 0 };
	int file = mkstemp(path), before;

	NEED(file >= 0);
	NEED(dprintf(file, "version: 1\nexceptions:\n  - reason: the storm\n    author: us\n"
			   "    expires: 2200-01-01\n    path: /tmp/x\n") > 0);
	start(&watch);
	poll_until(&watch, 2, -1);
	CHECK_IS(-1, taken(&watch));

	CHECK_OK(driftcore_options_set(options, "exceptions.file", path, NULL));
	CHECK_OK(driftcore_engine_set_normality(watch.engine, options, NULL));
	before = watch.storm;
	poll_until(&watch, 0, 5);
	CHECK_IS(before, watch.storm);

	/* What is bad changes nothing. */
	NEED(ftruncate(file, 12) == 0);
	CHECK_INVALID(driftcore_engine_set_normality(watch.engine, options, &error));
	CHECK(text_is(driftcore_error_file(error), path));
	driftcore_error_free(&error);
	poll_until(&watch, 0, taken(&watch) + 2);
	CHECK_IS(before, watch.storm);

	CHECK_OK(driftcore_options_set(options, "exceptions.file", "", NULL));
	CHECK_OK(driftcore_engine_set_normality(watch.engine, options, NULL));
	poll_until(&watch, before + 2, -1);
	end(&watch);
	driftcore_options_free(&options);
	close(file);
	unlink(path);
}

#include "null_engine.h"

static void null_everywhere(void)
{
	struct watch watch = { 0 };

	start(&watch);
	driftcore_engine_stop(watch.engine);
	null_engine(watch.engine, watch.rules);
	end(&watch);
}

static const struct test tests[] = {
	TEST(callback_calls_back),	  TEST(destroyed_in_a_callback),
	TEST(destroyed_by_another_thread), TEST(engine_of_eight_threads),
	TEST(stopped_by_a_signal_handler), TEST(a_few_of_them),
	TEST(rules_reloaded_under_load),   TEST(normality_replaced),
	TEST(null_everywhere),
};

int main(int argc, char **argv)
{
	if (argc > 1 && atoi(argv[1]) > 0) {
		reloads = atoi(argv[1]);
		argc--;
		argv++;
	}
	return check_main(argc, argv, tests, COUNT(tests));
}
