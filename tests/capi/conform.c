/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs conformance cases, which come on standard input in lines of a letter and a text:
 *
 *   c NAME    a case begins
 *   l LINE    a line of its rules
 *   p PATH    a file or directory of rules
 *   e JSON    an event
 *   f NAME    a rule that must fire for the last event, in this order
 *   .         the case ends
 */
#include <unistd.h>

#include "check.h"

#define MOST 64

struct sample {
	driftcore_flat_event *event;
	char *json;
	char *fires[MOST];
	size_t count;
};

static struct sample samples[MOST];
static size_t sample_count, cases, events;
static char *name;
static char *text;
static size_t text_length;
static driftcore_sources *sources;

static char *copy(const char *string)
{
	char *copied = strdup(string);

	NEED(copied);
	return copied;
}

/* Whether these are the rules that must fire. */
static void compare(const driftcore_rules *rules, const struct sample *sample, const size_t *fired,
		    size_t count, const char *how)
{
	int same = count == sample->count;

	for (size_t i = 0; same && i < count; i++) {
		driftcore_rule rule = { .size = sizeof(rule) };

		CHECK_OK(driftcore_rules_get(rules, fired[i], &rule, NULL));
		same = text_is(rule.name, sample->fires[i]);
	}
	if (!same) {
		check_failures++;
		printf("%s: %s: %zu rules fire, expected %zu: %s\n", how, name, count, sample->count,
		       sample->json);
	}
}

static void run_case(void)
{
	driftcore_options *options = driftcore_options_new();
	driftcore_rules *rules = NULL;
	driftcore_matcher *matcher;
	driftcore_error *error = NULL;
	const driftcore_flat_event *batch[MOST];
	driftcore_match matches[MOST * MOST];
	size_t found = 0, at = 0;

	NEED(driftcore_options_set(options, "rules.matching", "all", NULL) == 0);
	if (text_length)
		NEED(driftcore_sources_add_text(sources, "condition", text, text_length, NULL) == 0);
	if (driftcore_rules_load(sources, options, &rules, NULL, &error) != DRIFTCORE_STATUS_OK) {
		driftcore_text message = driftcore_error_message(error);

		printf("%s: the rules do not load: %.*s\n", name, (int)message.length, message.data);
		exit(1);
	}
	matcher = matcher_of(rules);
	for (size_t i = 0; i < sample_count; i++) {
		size_t fired[MOST];

		batch[i] = samples[i].event;
		CHECK_OK(driftcore_matcher_match(matcher, samples[i].event, fired, MOST, &found, NULL));
		NEED(found <= MOST);
		compare(rules, &samples[i], fired, found, "one by one");
	}
	CHECK_OK(driftcore_matcher_match_batch(matcher, batch, sample_count, matches, COUNT(matches),
					       &found, NULL));
	NEED(found <= COUNT(matches));
	for (size_t i = 0; i < sample_count; i++) {
		size_t fired[MOST], count = 0;

		for (; at < found && matches[at].event == i && count < MOST; at++)
			fired[count++] = matches[at].rule;
		compare(rules, &samples[i], fired, count, "in a batch");
	}
	CHECK(at == found);
	cases++;
	events += sample_count;
	driftcore_matcher_free(&matcher);
	driftcore_rules_free(&rules);
	driftcore_options_free(&options);
}

static void clear(void)
{
	for (size_t i = 0; i < sample_count; i++) {
		driftcore_flat_event_free(&samples[i].event);
		free(samples[i].json);
		while (samples[i].count)
			free(samples[i].fires[--samples[i].count]);
	}
	sample_count = 0;
	driftcore_sources_free(&sources);
	free(name);
	free(text);
	name = text = NULL;
	text_length = 0;
}

static void add_line(const char *line)
{
	size_t length = strlen(line);

	text = realloc(text, text_length + length + 1);
	NEED(text);
	memcpy(text + text_length, line, length);
	text_length += length;
	text[text_length++] = '\n';
}

static void take(const char *line)
{
	struct sample *last = sample_count ? &samples[sample_count - 1] : NULL;
	const char *rest = *line && line[1] ? line + 2 : "";

	switch (*line) {
	case 'c':
		name = copy(rest);
		sources = driftcore_sources_new();
		break;
	case 'l':
		add_line(rest);
		break;
	case 'p':
		NEED(driftcore_sources_add_path(sources, rest, NULL) == DRIFTCORE_STATUS_OK);
		break;
	case 'e':
		NEED(sample_count < MOST);
		last = &samples[sample_count++];
		last->event = event_of(rest);
		last->json = copy(rest);
		break;
	case 'f':
		NEED(last && last->count < MOST);
		last->fires[last->count++] = copy(rest);
		break;
	default:
		run_case();
		clear();
	}
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	while ((length = getline(&line, &room, stdin)) > 0) {
		line[length - 1] = '\0';
		take(line);
	}
	free(line);
	printf("%zu cases, %zu events\n", cases, events);
	return check_failures != 0;
}
