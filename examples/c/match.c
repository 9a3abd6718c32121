/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matches rules against events of one's own, for those with a sensor of their own. Prints the
 * names of the rules that match each event.
 *
 * Events come from standard input: a line that begins with `{` is an event, a flat JSON object of
 * field names (docs/fields.md). Else each line is a field's name and its value, `+NAME VALUE`
 * appends to a list, and an empty line ends the event; `evt.type` comes first. With -s they come
 * from a sensor: records that are turned into events with fields that were found once.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <driftcore.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void say(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fputs("match: ", stderr);
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

/* Rules, what matches them, and room for a match of each. */
struct rules {
	driftcore_rules *rules;
	driftcore_matcher *matcher;
	size_t *matching;
	size_t count;
	unsigned long events;
};

static void print_rule(const struct rules *rules, size_t index, const char *before)
{
	driftcore_rule rule = { .size = sizeof(rule) };
	driftcore_error *error = NULL;

	if (driftcore_rules_get(rules->rules, index, &rule, &error) != DRIFTCORE_STATUS_OK)
		refused("rule", &error);
	else
		printf("%s%.*s", before, (int)rule.name.length, rule.name.data);
}

static bool match(struct rules *rules, const driftcore_flat_event *event)
{
	driftcore_error *error = NULL;
	size_t found;

	if (driftcore_matcher_match(rules->matcher, event, rules->matching, rules->count, &found,
				    &error) != DRIFTCORE_STATUS_OK)
		return refused("match", &error);
	printf("event %lu:", ++rules->events);
	for (size_t i = 0; i < found; i++)
		print_rule(rules, rules->matching[i], i ? ", " : " ");
	puts(found ? "" : " -");
	return true;
}

/* Loads rules, prints what there is to be said about them, and makes a matcher. */
static bool load(struct rules *rules, const driftcore_sources *sources)
{
	driftcore_options *options = driftcore_options_new();
	driftcore_diagnostics *diagnostics = NULL;
	driftcore_error *error = NULL;
	driftcore_diagnostic one = { .size = sizeof(one) };
	bool good = false;

	if (driftcore_options_set(options, "rules.matching", "all", &error) != DRIFTCORE_STATUS_OK ||
	    driftcore_rules_load(sources, options, &rules->rules, &diagnostics, &error) !=
		    DRIFTCORE_STATUS_OK ||
	    driftcore_matcher_new(rules->rules, &rules->matcher, &error) != DRIFTCORE_STATUS_OK) {
		refused("rules", &error);
	} else {
		rules->count = driftcore_rules_count(rules->rules);
		rules->matching = calloc(rules->count + 1, sizeof(*rules->matching));
		good = rules->matching != NULL;
		if (!good)
			say("out of memory");
	}
	for (size_t i = 0; i < driftcore_diagnostics_count(diagnostics); i++) {
		if (driftcore_diagnostics_get(diagnostics, i, &one, NULL) == DRIFTCORE_STATUS_OK)
			fprintf(stderr, "%.*s\n", (int)one.rendered.length, one.rendered.data);
	}
	driftcore_diagnostics_free(&diagnostics);
	driftcore_options_free(&options);
	return good;
}

static void unload(struct rules *rules)
{
	free(rules->matching);
	driftcore_matcher_free(&rules->matcher);
	driftcore_rules_free(&rules->rules);
}

static bool match_json(struct rules *rules, const char *json, size_t length)
{
	driftcore_flat_event *event = NULL;
	driftcore_error *error = NULL;
	bool good;

	if (driftcore_flat_event_parse(json, length, &event, &error) != DRIFTCORE_STATUS_OK)
		return refused("event", &error);
	good = match(rules, event);
	driftcore_flat_event_free(&event);
	return good;
}

/* Sets a field to what the text says, or appends it: as the first of the types that it takes. */
static driftcore_status set(driftcore_flat_event *event, const driftcore_field *field, bool append,
			    const char *text, driftcore_error **error)
{
	unsigned char address[16];
	size_t bytes = inet_pton(AF_INET, text, address) == 1	 ? 4
		       : inet_pton(AF_INET6, text, address) == 1 ? 16
								 : 0;
	uint32_t truth = strcmp(text, "true") == 0;
	driftcore_status status;
	char *end;

	errno = 0;
	if (bytes) {
		status = append ? driftcore_flat_event_add_address(event, field, address, bytes, NULL)
				: driftcore_flat_event_set_address(event, field, address, bytes, NULL);
		if (status == DRIFTCORE_STATUS_OK)
			return status;
	} else if (*text == '-') {
		long long number = strtoll(text, &end, 10);

		status = append ? driftcore_flat_event_add_signed(event, field, number, NULL)
				: driftcore_flat_event_set_signed(event, field, number, NULL);
		if (!errno && !*end && status == DRIFTCORE_STATUS_OK)
			return status;
	} else if (*text >= '0' && *text <= '9') {
		unsigned long long number = strtoull(text, &end, 10);

		status = append ? driftcore_flat_event_add_unsigned(event, field, number, NULL)
				: driftcore_flat_event_set_unsigned(event, field, number, NULL);
		if (!errno && !*end && status == DRIFTCORE_STATUS_OK)
			return status;
	} else if (truth || strcmp(text, "false") == 0) {
		status = driftcore_flat_event_set_bool(event, field, truth, NULL);
		if (status == DRIFTCORE_STATUS_OK)
			return status;
	}
	return append ? driftcore_flat_event_add_text(event, field, text, strlen(text), error)
		      : driftcore_flat_event_set_text(event, field, text, strlen(text), error);
}

/* Takes a line `NAME VALUE` into the event, which the first one makes. */
static bool take(driftcore_flat_event **event, char *line)
{
	bool append = *line == '+';
	char *name = line + append;
	char *value = name + strcspn(name, " \t");
	driftcore_field *field = NULL;
	driftcore_error *error = NULL;
	driftcore_status status;

	if (*value)
		*value++ = '\0';
	if (strcmp(name, "evt.type") == 0)
		status = *event ? driftcore_flat_event_reset(*event, value, &error)
				: driftcore_flat_event_new(value, event, &error);
	else if (!*event)
		status = driftcore_flat_event_new("execve", event, &error);
	else
		status = DRIFTCORE_STATUS_OK;
	if (status == DRIFTCORE_STATUS_OK && strcmp(name, "evt.type") != 0) {
		/* What is found for each line here, a sensor finds once: see below. */
		status = driftcore_field_find(name, &field, &error);
		if (status == DRIFTCORE_STATUS_OK)
			status = set(*event, field, append, value, &error);
		driftcore_field_free(&field);
	}
	return status == DRIFTCORE_STATUS_OK || refused(name, &error);
}

static bool match_input(struct rules *rules)
{
	driftcore_flat_event *event = NULL;
	char *line = NULL;
	size_t room = 0;
	ssize_t length;
	bool good = true;

	while (good && (length = getline(&line, &room, stdin)) >= 0) {
		if (length && line[length - 1] == '\n')
			line[--length] = '\0';
		if (*line == '{') {
			good = match_json(rules, line, (size_t)length);
		} else if (*line) {
			good = take(&event, line);
		} else if (event) {
			good = match(rules, event);
			driftcore_flat_event_free(&event);
		}
	}
	if (good && event)
		good = match(rules, event);
	if (ferror(stdin)) {
		say("standard input: %s", strerror(errno));
		good = false;
	}
	driftcore_flat_event_free(&event);
	free(line);
	return good;
}

/* What a sensor of one's own might report. */
struct record {
	const char *container;
	const char *path;
	const char *verdict;
	uint64_t uid;
	bool upper_layer;
};

static const struct record records[] = {
	{ "0123456789ab", "/usr/sbin/nginx", "image", 0, false },
	{ "0123456789ab", "/tmp/miner", "added", 33, true },
	{ "0123456789ab", "/usr/bin/curl", "modified", 0, true },
	{ "host", "/usr/bin/vim", "host", 1000, false },
};

/* The fields of a record. */
struct fields {
	driftcore_field *container;
	driftcore_field *path;
	driftcore_field *verdict;
	driftcore_field *uid;
	driftcore_field *upper_layer;
};

static bool find_fields(struct fields *fields)
{
	const struct {
		const char *name;
		driftcore_field **field;
	} wanted[] = {
		{ "container.id", &fields->container },
		{ "proc.exepath", &fields->path },
		{ "drift.verdict", &fields->verdict },
		{ "user.uid", &fields->uid },
		{ "proc.is_exe_upper_layer", &fields->upper_layer },
	};
	driftcore_error *error = NULL;

	for (size_t i = 0; i < COUNT(wanted); i++) {
		if (driftcore_field_find(wanted[i].name, wanted[i].field, &error) !=
		    DRIFTCORE_STATUS_OK)
			return refused(wanted[i].name, &error);
	}
	return true;
}

static void free_fields(struct fields *fields)
{
	driftcore_field_free(&fields->container);
	driftcore_field_free(&fields->path);
	driftcore_field_free(&fields->verdict);
	driftcore_field_free(&fields->uid);
	driftcore_field_free(&fields->upper_layer);
}

static driftcore_status set_string(driftcore_flat_event *event, const driftcore_field *field,
				   const char *string, driftcore_error **error)
{
	return driftcore_flat_event_set_text(event, field, string, strlen(string), error);
}

/* One event serves for all records: it keeps its memory. */
static bool match_records(struct rules *rules)
{
	struct fields fields = { 0 };
	driftcore_flat_event *event = NULL;
	driftcore_error *error = NULL;
	driftcore_status status = DRIFTCORE_STATUS_OK;
	bool good = find_fields(&fields);

	if (good)
		status = driftcore_flat_event_new("execve", &event, &error);
	for (size_t i = 0; good && status == DRIFTCORE_STATUS_OK && i < COUNT(records); i++) {
		const struct record *record = &records[i];

		if (!(status = driftcore_flat_event_reset(event, NULL, &error)) &&
		    !(status = set_string(event, fields.container, record->container, &error)) &&
		    !(status = set_string(event, fields.path, record->path, &error)) &&
		    !(status = set_string(event, fields.verdict, record->verdict, &error)) &&
		    !(status = driftcore_flat_event_set_unsigned(event, fields.uid, record->uid,
								 &error)) &&
		    !(status = driftcore_flat_event_set_bool(event, fields.upper_layer,
							     record->upper_layer, &error)))
			good = match(rules, event);
	}
	if (status != DRIFTCORE_STATUS_OK)
		good = refused("event", &error);
	driftcore_flat_event_free(&event);
	free_fields(&fields);
	return good;
}

int main(int argc, char **argv)
{
	driftcore_sources *sources = driftcore_sources_new();
	driftcore_error *error = NULL;
	struct rules rules = { 0 };
	bool sensor = false, own_rules = false, good = true;
	int option;

	while (good && (option = getopt(argc, argv, "r:s")) != -1) {
		if (option == 's') {
			sensor = true;
		} else if (option == 'r') {
			own_rules = true;
			if (driftcore_sources_add_path(sources, optarg, &error) !=
			    DRIFTCORE_STATUS_OK)
				good = refused(optarg, &error);
		} else {
			good = false;
		}
	}
	if (!good || optind != argc) {
		fputs("usage: match [-s] [-r FILE]...\n", stderr);
		good = false;
	}
	if (good && !own_rules &&
	    driftcore_sources_add_shipped(sources, &error) != DRIFTCORE_STATUS_OK)
		good = refused("rules", &error);
	good = good && load(&rules, sources);
	good = good && (sensor ? match_records(&rules) : match_input(&rules));
	if (fflush(stdout)) {
		say("standard output: %s", strerror(errno));
		good = false;
	}
	unload(&rules);
	driftcore_sources_free(&sources);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
