/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an embedder is told of containers of this node:
 *   look config DOCKER_ROOT CONTAINER [PODS]     what differs from what was declared
 *   look verify DOCKER_ROOT APPROVED [deep]      which images were approved
 *   look events DOCKER_ROOT CONTAINER            configuration events, until SIGTERM
 * The last line of the first two is JSON.
 */
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "check.h"

static void set(driftcore_options *options, const char *name, const char *value)
{
	NEED(driftcore_options_set(options, name, value, NULL) == DRIFTCORE_STATUS_OK);
}

static int failed(driftcore_error *error)
{
	driftcore_text message = driftcore_error_message(error);

	fprintf(stderr, "%d: %.*s\n", (int)driftcore_error_status(error), (int)message.length,
		message.data);
	driftcore_error_free(&error);
	return 1;
}

/* Absent text as a dash. */
static void put(driftcore_text text)
{
	if (text.data)
		printf(" %.*s", (int)text.length, text.data);
	else
		printf(" -");
}

static int config(driftcore_options *options, int argc, char **argv)
{
	driftcore_configuration *configuration = NULL;
	driftcore_error *error = NULL;
	size_t differences = 0;

	if (argc > 4)
		set(options, "config.pods", argv[4]);
	if (driftcore_configuration_new(argv[3], options, &configuration, &error))
		return failed(error);
	for (size_t index = 0;; index++) {
		driftcore_config_item item = { .size = sizeof(item) };

		if (!driftcore_configuration_item(configuration, index, &item)) {
			CHECK_IS(driftcore_configuration_count(configuration), index);
			break;
		}
		if (!item.differs)
			continue;
		differences++;
		printf("%u %u", item.aspect, item.mark);
		put(item.name);
		put(item.declared);
		put(item.live);
		printf("\n");
	}
	CHECK_IS(differences, driftcore_configuration_differences(configuration));
	for (size_t index = 0;; index++) {
		driftcore_text problem = driftcore_configuration_problem(configuration, index);

		if (!problem.data)
			break;
		printf("problem");
		put(problem);
		printf("\n");
	}
	put(driftcore_configuration_json(configuration));
	printf("\n");
	driftcore_configuration_free(&configuration);
	return check_failures != 0;
}

static uint32_t on_verified(void *context, const driftcore_verified *verified)
{
	(void)context;
	printf("%u %u", verified->approval, verified->layers);
	put(verified->container);
	put(verified->running);
	put(verified->json);
	printf("\n");
	return 0;
}

static int verify(driftcore_options *options, int argc, char **argv)
{
	driftcore_verify_summary summary = { .size = sizeof(summary) };
	driftcore_verifier *verifier = NULL;
	driftcore_error *error = NULL;

	set(options, "digest.approved", argv[3]);
	if (argc > 4)
		set(options, "digest.deep", "true");
	if (driftcore_verifier_new(options, &verifier, &error))
		return failed(error);
	if (driftcore_verifier_containers(verifier, options, on_verified, NULL, &summary, &error))
		return failed(error);
	printf("{\"containers\": %llu, \"approved\": %llu, \"proved\": %llu}\n",
	       (unsigned long long)summary.containers, (unsigned long long)summary.approved,
	       (unsigned long long)summary.layers_proved);
	driftcore_verifier_free(&verifier);
	return 0;
}

static driftcore_engine *_Atomic engine;

static void stop(int signal)
{
	(void)signal;
	driftcore_engine_stop(engine);
}

static void on_event(void *context, const driftcore_event *event)
{
	driftcore_config config = { .size = sizeof(config) };
	driftcore_event_info info = { .size = sizeof(info) };

	(void)context;
	CHECK_OK(driftcore_event_get(event, &info, NULL));
	if (!driftcore_event_config(event, &config)) {
		CHECK(info.kind != DRIFTCORE_KIND_CONFIG);
		return;
	}
	CHECK_IS(DRIFTCORE_KIND_CONFIG, info.kind);
	printf("%u %u %u %u %u", info.action, config.mark, config.origin, config.ended, info.drift);
	put(config.item);
	put(config.declared);
	put(config.live);
	printf("\n");
}

static int events(driftcore_options *options, char **argv)
{
	driftcore_callbacks callbacks = { .size = sizeof(callbacks), .event = on_event };
	driftcore_engine *made = NULL;
	driftcore_error *error = NULL;

	set(options, "config.interval", "1");
	set(options, "scope.container", argv[3]);
	if (driftcore_engine_new(options, NULL, &callbacks, &made, &error))
		return failed(error);
	engine = made;
	signal(SIGTERM, stop);
	fprintf(stderr, "ready\n");
	CHECK_OK(driftcore_engine_run(made, NULL));
	driftcore_engine_destroy(&made);
	return check_failures != 0;
}

int main(int argc, char **argv)
{
	driftcore_options *options = driftcore_options_new();
	int status = 2;

	if (argc < 4)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	set(options, "runtimes.docker", "");
	set(options, "runtimes.docker", argv[2]);
	if (strcmp(argv[1], "config") == 0)
		status = config(options, argc, argv);
	else if (strcmp(argv[1], "verify") == 0)
		status = verify(options, argc, argv);
	else if (strcmp(argv[1], "events") == 0)
		status = events(options, argv);
	driftcore_options_free(&options);
	return status;
}
