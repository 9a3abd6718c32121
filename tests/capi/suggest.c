/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints a security context for a container: suggest CONTAINER DOCKER_ROOT
 */
#include "check.h"

int main(int argc, char **argv)
{
	driftcore_options *options = driftcore_options_new();
	driftcore_behaviour *behaviour = NULL;
	driftcore_text yaml, json;
	driftcore_error *error = NULL;
	driftcore_event *event = drift_event();

	if (argc != 3)
		return 2;
	NEED(driftcore_options_set(options, "runtimes.docker", argv[2], NULL) == 0);
	if (driftcore_behaviour_new(argv[1], options, &behaviour, &error) != DRIFTCORE_STATUS_OK) {
		driftcore_text message = driftcore_error_message(error);

		fprintf(stderr, "%.*s\n", (int)message.length, message.data);
		return 1;
	}
	/* An event of another container says nothing of this one. */
	NEED(driftcore_behaviour_add(behaviour, event, NULL) == 0);
	NEED(driftcore_behaviour_suggest(behaviour, &yaml, &json, NULL) == 0);
	NEED(text_has(json, "\"by_events\":false"));
	printf("%.*s", (int)yaml.length, yaml.data);
	driftcore_behaviour_free(&behaviour);
	driftcore_event_free(&event);
	driftcore_options_free(&options);
	return 0;
}
