/* SPDX-License-Identifier: Apache-2.0 */
/* What callers get wrong, and what they may do although it looks wrong. NULL is in null.c. */
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

#include "check.h"

static void freed_twice(void)
{
	driftcore_options *options = driftcore_options_new();
	driftcore_sources *sources = driftcore_sources_new();
	driftcore_rules *rules = rules_of(RULES);
	driftcore_matcher *matcher = matcher_of(rules);
	driftcore_flat_event *flat = event_of(EVENT);
	driftcore_field *field = field_of("proc.name");
	driftcore_event *event = drift_event();
	driftcore_evidence evidence = added_file();
	driftcore_classified *classified = verdict_of(&evidence);
	driftcore_layers *layers = NULL;
	driftcore_diagnostics *diagnostics = NULL;
	driftcore_error *error = NULL;
	driftcore_engine *engine = NULL;
	driftcore_alert *alert = NULL;
	driftcore_configuration *configuration = NULL;
	driftcore_verifier *verifier = NULL;
	driftcore_judge *judge = NULL;
	driftcore_suggester *suggester = NULL;

	CHECK_OK(driftcore_verifier_new(NULL, &verifier, NULL));
	CHECK_OK(driftcore_judge_new(NULL, &judge, NULL));
	CHECK_OK(driftcore_suggester_new(NULL, &suggester, NULL));
	CHECK_OK(driftcore_layers_new("/u", NULL, 0, 0, &layers, NULL));
	CHECK_IS(DRIFTCORE_STATUS_UNKNOWN_NAME, driftcore_options_set(options, "x", "y", &error));
	CHECK_IS(DRIFTCORE_STATUS_OK, driftcore_sources_add_shipped(sources, NULL));
	driftcore_rules_free(&rules);
	CHECK_OK(driftcore_rules_load(sources, NULL, &rules, &diagnostics, NULL));
	CHECK(error && diagnostics && layers);

#define TWICE(type, pointer)                                                                       \
	do {                                                                                       \
		driftcore_##type##_free(&(pointer));                                               \
		CHECK(!(pointer));                                                                 \
		driftcore_##type##_free(&(pointer));                                               \
		driftcore_##type##_free(NULL);                                                     \
	} while (0)
	TWICE(options, options);
	TWICE(sources, sources);
	TWICE(rules, rules);
	TWICE(matcher, matcher);
	TWICE(flat_event, flat);
	TWICE(field, field);
	TWICE(event, event);
	TWICE(classified, classified);
	TWICE(layers, layers);
	TWICE(diagnostics, diagnostics);
	TWICE(error, error);
	TWICE(alert, alert);
	TWICE(configuration, configuration);
	TWICE(verifier, verifier);
	TWICE(judge, judge);
	TWICE(suggester, suggester);
	driftcore_engine_destroy(&engine);
	driftcore_engine_destroy(NULL);
}

static void unknown_names(void)
{
	static const char *const names[] = { "", "x", "proc", "proc.", "proc.nam", "proc.aname[-1]",
					     "evt.arg[", "%s%n", "proc.name ", "PROC.NAME" };
	driftcore_options *options = driftcore_options_new();
	driftcore_field *field = (void *)options;
	driftcore_flat_event *event = (void *)options;
	driftcore_error *error = NULL;

	for (size_t i = 0; i < COUNT(names); i++) {
		CHECK_IS(DRIFTCORE_STATUS_UNKNOWN_NAME, driftcore_field_find(names[i], &field, &error));
		CHECK(!field);
		CHECK_IS(DRIFTCORE_STATUS_UNKNOWN_NAME, driftcore_error_status(error));
		CHECK(driftcore_error_message(error).length > 0);
		driftcore_error_free(&error);
		CHECK_IS(DRIFTCORE_STATUS_UNKNOWN_NAME,
			 driftcore_options_set(options, names[i], "1", NULL));
		CHECK_IS(DRIFTCORE_STATUS_UNKNOWN_NAME,
			 driftcore_flat_event_new(names[i], &event, NULL));
		CHECK(!event);
	}
	event = event_of(EVENT);
	CHECK_IS(DRIFTCORE_STATUS_UNKNOWN_NAME, driftcore_flat_event_reset(event, "no", NULL));
	driftcore_flat_event_free(&event);
	driftcore_options_free(&options);
}

static void wrong_types(void)
{
	driftcore_flat_event *event = event_of(EVENT);
	driftcore_field *text = field_of("proc.name"), *number = field_of("proc.pid");
	driftcore_field *list = field_of("proc.aname"), *truth = field_of("proc.is_exe_upper_layer");
	driftcore_options *options = driftcore_options_new();
	const uint8_t address[17] = { 1 };

#define CHECK_TYPE(call) CHECK_IS(DRIFTCORE_STATUS_WRONG_TYPE, call)
	CHECK_TYPE(driftcore_flat_event_set_unsigned(event, text, 1, NULL));
	CHECK_TYPE(driftcore_flat_event_set_signed(event, text, -1, NULL));
	CHECK_TYPE(driftcore_flat_event_set_bool(event, text, 1, NULL));
	CHECK_TYPE(driftcore_flat_event_set_text(event, number, "1", 1, NULL));
	CHECK_TYPE(driftcore_flat_event_set_text(event, truth, "true", 4, NULL));
	CHECK_TYPE(driftcore_flat_event_set_address(event, text, address, 4, NULL));
	CHECK_TYPE(driftcore_flat_event_add_unsigned(event, list, 1, NULL));
	CHECK_TYPE(driftcore_flat_event_add_text(event, text, "a", 1, NULL));
	for (size_t length = 0; length <= 17; length++) {
		if (length != 4 && length != 16)
			CHECK_INVALID(driftcore_flat_event_set_address(event, text, address, length,
								       NULL));
	}
	CHECK_OK(driftcore_flat_event_set_bool(event, truth, UINT32_MAX, NULL));
	CHECK_OK(driftcore_flat_event_clear(event, truth, NULL));
	CHECK_TYPE(driftcore_options_set(options, "rules.matching", "", NULL));
	CHECK_TYPE(driftcore_options_set(options, "proof.max_bytes", "18446744073709551616", NULL));
	driftcore_options_free(&options);
	driftcore_field_free(&text);
	driftcore_field_free(&number);
	driftcore_field_free(&list);
	driftcore_field_free(&truth);
	driftcore_flat_event_free(&event);
}

static void bad_utf8(void)
{
	static const char bad[] = "\xff\xc3(\x80";
	driftcore_options *options = driftcore_options_new();
	driftcore_sources *sources = driftcore_sources_new();
	driftcore_flat_event *event = NULL, *good = event_of(EVENT);
	driftcore_event *drift = NULL;
	driftcore_field *field = NULL, *name = field_of("proc.name");
	driftcore_rules *rules = NULL;
	driftcore_classified *classified = NULL;
	driftcore_classified_info info = { .size = sizeof(info) };
	driftcore_evidence evidence = added_file();

	CHECK_INVALID(driftcore_options_set(options, bad, "1", NULL));
	CHECK_INVALID(driftcore_options_set(options, "scope.container", bad, NULL));
	CHECK_INVALID(driftcore_field_find(bad, &field, NULL));
	CHECK_INVALID(driftcore_flat_event_new(bad, &event, NULL));
	CHECK_INVALID(driftcore_flat_event_parse(bad, sizeof(bad) - 1, &event, NULL));
	CHECK(driftcore_event_parse(bad, sizeof(bad) - 1, &drift, NULL) != DRIFTCORE_STATUS_OK);
	CHECK(!field && !event && !drift);
	/* Names in a container may be any bytes. */
	CHECK_OK(driftcore_flat_event_set_text(good, name, bad, sizeof(bad) - 1, NULL));
	CHECK_OK(driftcore_classify(&evidence, bad, sizeof(bad) - 1, NULL, NULL, &classified, NULL));
	CHECK_OK(driftcore_classified_get(classified, &info, NULL));
	CHECK(text_is(info.path, bad));
	/* Rules that are not UTF-8 are added, and do not load. */
	CHECK_INVALID(driftcore_sources_add_text(sources, bad, "", 0, NULL));
	CHECK_OK(driftcore_sources_add_text(sources, "t", bad, sizeof(bad) - 1, NULL));
	CHECK_IS(DRIFTCORE_STATUS_RULES, driftcore_rules_load(sources, NULL, &rules, NULL, NULL));
	CHECK(!rules);
	driftcore_classified_free(&classified);
	driftcore_field_free(&name);
	driftcore_flat_event_free(&good);
	driftcore_sources_free(&sources);
	driftcore_options_free(&options);
}

static void lengths(void)
{
	driftcore_sources *sources = driftcore_sources_new();
	driftcore_flat_event *event = event_of(EVENT), *parsed = NULL;
	driftcore_event *drift = NULL;
	driftcore_field *name = field_of("proc.name");
	driftcore_rules *rules = rules_of(RULES);
	driftcore_matcher *matcher = matcher_of(rules);
	driftcore_classified *classified = NULL;
	driftcore_layers *layers = NULL;
	driftcore_evidence evidence = added_file();
	const driftcore_flat_event *events[2] = { event, NULL };
	size_t found = 9, one[2] = { 77, 78 };
	driftcore_match match = { 77, 77 };

	/* Of no bytes the pointer is not looked at. */
	CHECK_OK(driftcore_sources_add_text(sources, "t", (const char *)1, 0, NULL));
	CHECK_OK(driftcore_flat_event_set_text(event, name, NULL, 0, NULL));
	CHECK_OK(driftcore_flat_event_set_text(event, name, "x", 1, NULL));
	CHECK_OK(driftcore_classify(&evidence, NULL, 0, NULL, NULL, &classified, NULL));
	driftcore_classified_free(&classified);
	CHECK_OK(driftcore_layers_new("/u", (void *)1, 0, 0, &layers, NULL));
	driftcore_layers_free(&layers);
	/* Of some it must not be NULL, and no memory has that many. */
	CHECK_INVALID(driftcore_sources_add_text(sources, "t", NULL, 1, NULL));
	CHECK_INVALID(driftcore_flat_event_set_text(event, name, NULL, 1, NULL));
	CHECK_INVALID(driftcore_flat_event_parse(NULL, 1, &parsed, NULL));
	CHECK_INVALID(driftcore_event_parse(NULL, 1, &drift, NULL));
	CHECK_INVALID(driftcore_classify(&evidence, NULL, 1, NULL, NULL, &classified, NULL));
	CHECK_INVALID(driftcore_layers_new("/u", NULL, 1, 0, &layers, NULL));
	CHECK_INVALID(driftcore_sources_add_text(sources, "t", "x", SIZE_MAX, NULL));
	CHECK_INVALID(driftcore_flat_event_set_text(event, name, "x", (size_t)SSIZE_MAX + 1, NULL));
	CHECK_INVALID(driftcore_matcher_match_batch(matcher, events, SIZE_MAX / 8, NULL, 0, &found,
						    NULL));
	CHECK_IS(0, found);
	/* No text is no event. */
	CHECK(driftcore_flat_event_parse("", 0, &parsed, NULL) != DRIFTCORE_STATUS_OK);
	CHECK(driftcore_flat_event_parse("x", 0, &parsed, NULL) != DRIFTCORE_STATUS_OK);
	CHECK(!parsed);

	/* Room for fewer than there are: the rest is counted, nothing is written behind it. */
	CHECK_OK(driftcore_matcher_match(matcher, event, one, 1, &found, NULL));
	CHECK(found == 2 && one[0] == 0 && one[1] == 78);
	CHECK_OK(driftcore_matcher_match(matcher, event, NULL, 0, &found, NULL));
	CHECK_IS(2, found);
	CHECK_INVALID(driftcore_matcher_match(matcher, event, NULL, 1, &found, NULL));
	CHECK_OK(driftcore_matcher_match_batch(matcher, events, 1, &match, 1, &found, NULL));
	CHECK(found == 2 && match.event == 0 && match.rule == 0);
	CHECK_OK(driftcore_matcher_match_batch(matcher, NULL, 0, NULL, 0, &found, NULL));
	CHECK_IS(0, found);
	CHECK_INVALID(driftcore_matcher_match_batch(matcher, events, 2, &match, 1, &found, NULL));
	CHECK_IS(0, found);
	driftcore_matcher_free(&matcher);
	driftcore_rules_free(&rules);
	driftcore_field_free(&name);
	driftcore_flat_event_free(&event);
	driftcore_sources_free(&sources);
}

static void numbers_out_of_range(void)
{
	static const uint32_t numbers[] = { 14, 255, 256, 65536, INT32_MAX, 0x80000000, UINT32_MAX };
	driftcore_evidence evidence;
	driftcore_classified *classified = NULL;
	driftcore_classified_info info = { .size = sizeof(info) };
	driftcore_rules *rules = rules_of(RULES);
	driftcore_rule rule = { .size = sizeof(rule) };
	driftcore_event *event = drift_event();
	driftcore_text key = { "k", 1 };

	for (size_t i = 0; i < COUNT(numbers); i++) {
		const char *name = driftcore_verdict_name(numbers[i]);

		CHECK(strcmp(name, "none") == 0 || strcmp(name, "other") == 0);
	}
	/* Evidence is what a kernel might say: each has a verdict, unless it has bits without a name. */
	for (uint32_t bit = 0; bit < 32; bit++) {
		for (size_t mode = 0; mode < COUNT(numbers); mode++) {
			evidence = added_file();
			evidence.flags ^= (uint32_t)1 << bit;
			evidence.mode = evidence.nlink = evidence.uid = numbers[mode];
			evidence.fs_magic = ~(uint64_t)numbers[mode];
			evidence.inode.mtime_ns = INT64_MIN;
			evidence.upper.ctime_ns = INT64_MAX;
			evidence.lower.byte_count = UINT64_MAX;
			if (bit > 10) {
				CHECK_INVALID(driftcore_classify(&evidence, "/x", 2, NULL, NULL,
								 &classified, NULL));
				CHECK(!classified);
				continue;
			}
			CHECK_OK(driftcore_classify(&evidence, "/x", 2, NULL, NULL, &classified, NULL));
			CHECK_OK(driftcore_classified_get(classified, &info, NULL));
			CHECK(strcmp(driftcore_verdict_name(info.verdict), "none") != 0);
			driftcore_classified_free(&classified);
		}
	}
	evidence = added_file();
	evidence.reserved = 1;
	CHECK_INVALID(driftcore_classify(&evidence, "/x", 2, NULL, NULL, &classified, NULL));
	for (size_t i = 0; i < COUNT(numbers); i++) {
		size_t index = numbers[i];

		CHECK_INVALID(driftcore_rules_get(rules, index, &rule, NULL));
		CHECK(!driftcore_rules_tag(rules, index, 0).data);
		CHECK(!driftcore_rules_tag(rules, 0, index).data);
		CHECK(!driftcore_event_argument(event, index).data);
		CHECK(!driftcore_event_ancestor_argument(event, 0, index).data);
		CHECK(!driftcore_event_ancestor_argument(event, index, 0).data);
		CHECK(!driftcore_event_label(event, index, &key).data);
		CHECK_IS(0, driftcore_event_lost(event, index, &key));
	}
	CHECK(!driftcore_rules_tag(rules, SIZE_MAX, SIZE_MAX).data);
	driftcore_event_free(&event);
	driftcore_rules_free(&rules);
}

static void inspector(void)
{
	static const int descriptors[] = { -1, -2, INT_MIN, INT_MAX, 0 };
	static const uint32_t pids[] = { 0, INT32_MAX, 0x80000000, UINT32_MAX };
	static const char *const paths[] = { "", "/", "/no/such/file", "/proc/self/mem", "/dev/null" };

	for (int i = 0; i < 100; i++) {
		driftcore_inspector *inspector = NULL;
		driftcore_classified *classified = NULL;
		driftcore_error *error = NULL;
		driftcore_status status;

		CHECK_OK(driftcore_inspector_new(NULL, &inspector, NULL));
		/* Nothing of these is a file of a process; the last descriptor is no regular file. */
		status = driftcore_inspector_descriptor(
			inspector, descriptors[(size_t)i % COUNT(descriptors)], &classified, &error);
		CHECK(status != DRIFTCORE_STATUS_OK && status != DRIFTCORE_STATUS_PANIC);
		CHECK(!classified && error);
		driftcore_error_free(&error);
		status = driftcore_inspector_file(inspector, pids[(size_t)i % COUNT(pids)], "/etc/passwd",
						  &classified, &error);
		CHECK(status != DRIFTCORE_STATUS_OK && status != DRIFTCORE_STATUS_PANIC);
		driftcore_error_free(&error);
		status = driftcore_inspector_file(inspector, (uint32_t)getpid(),
						  paths[(size_t)i % COUNT(paths)], &classified, &error);
		CHECK(status != DRIFTCORE_STATUS_PANIC);
		CHECK((status == DRIFTCORE_STATUS_OK) == (classified != NULL));
		CHECK((status == DRIFTCORE_STATUS_OK) == (error == NULL));
		driftcore_classified_free(&classified);
		driftcore_error_free(&error);
		driftcore_inspector_free(&inspector);
		driftcore_inspector_free(&inspector);
		CHECK(!inspector);
	}
}

struct within {
	driftcore_matcher **matcher;
	driftcore_flat_event **event;
	driftcore_rules *rules;
	driftcore_alert *copy;
	int calls;
	int depth;
};

static void call_back(void *context, const driftcore_alert *alert)
{
	struct within *within = context;
	size_t found = 0;

	within->calls++;
	CHECK(driftcore_alert_line(alert).length > 0);
	CHECK_OK(driftcore_matcher_match(*within->matcher, *within->event, NULL, 0, &found, NULL));
	CHECK_OK(driftcore_matcher_set_rules(*within->matcher, within->rules, NULL));
	driftcore_alert_free(&within->copy);
	within->copy = driftcore_alert_copy(alert);
	if (within->depth++ < 3)
		CHECK_OK(driftcore_matcher_alerts(*within->matcher, *within->event, call_back, within,
						  NULL));
	CHECK_OK(driftcore_flat_event_reset(*within->event, NULL, NULL));
}

static void callback_uses_the_matcher(void)
{
	driftcore_rules *rules = rules_of(RULES);
	driftcore_matcher *matcher = matcher_of(rules);
	driftcore_flat_event *event = event_of(EVENT);
	struct within within = { &matcher, &event, rules, NULL, 0, 0 };
	driftcore_alert_info info = { .size = sizeof(info) };

	CHECK_OK(driftcore_matcher_alerts(matcher, event, call_back, &within, NULL));
	CHECK(within.calls >= 2);
	driftcore_matcher_free(&matcher);
	driftcore_rules_free(&rules);
	driftcore_flat_event_free(&event);
	/* The copy needs none of them. */
	CHECK_OK(driftcore_alert_get(within.copy, &info, NULL));
	CHECK(text_is(info.rule, "second"));
	driftcore_alert_free(&within.copy);
}

/* Frees everything that its own call uses. */
static void free_all(void *context, const driftcore_alert *alert)
{
	struct within *within = context;

	within->calls++;
	driftcore_matcher_free(within->matcher);
	driftcore_flat_event_free(within->event);
	driftcore_rules_free(&within->rules);
	CHECK(driftcore_alert_json(alert).length > 0);
}

static void callback_frees_what_is_in_use(void)
{
	driftcore_rules *rules = rules_of(RULES);
	driftcore_matcher *matcher = matcher_of(rules);
	driftcore_flat_event *event = event_of(EVENT);
	struct within within = { &matcher, &event, rules, NULL, 0, 0 };

	CHECK_OK(driftcore_matcher_alerts(matcher, event, free_all, &within, NULL));
	CHECK_IS(2, within.calls);
	CHECK(!matcher && !event);
}

struct shared {
	driftcore_matcher *matcher;
	const driftcore_rules *rules;
	int wrong;
};

static void *use_shared(void *context)
{
	struct shared *shared = context;
	driftcore_matcher *own = matcher_of(shared->rules);
	driftcore_flat_event *event = event_of(EVENT);
	long wrong = 0;

	for (int i = 0; i < 200; i++) {
		size_t found = 0;
		driftcore_error *error = NULL;
		driftcore_status status =
			driftcore_matcher_match(shared->matcher, event, NULL, 0, &found, &error);

		wrong += status != DRIFTCORE_STATUS_BUSY &&
			 (status != DRIFTCORE_STATUS_OK || found != 2);
		wrong += (error != NULL) != (status == DRIFTCORE_STATUS_BUSY);
		driftcore_error_free(&error);
		wrong += driftcore_matcher_set_rules(shared->matcher, shared->rules, NULL) != 0;
		wrong += driftcore_matcher_match(own, event, NULL, 0, &found, NULL) != 0 || found != 2;
	}
	driftcore_flat_event_free(&event);
	driftcore_matcher_free(&own);
	return (void *)wrong;
}

static void matcher_of_eight_threads(void)
{
	driftcore_rules *rules = rules_of(RULES);
	struct shared shared = { matcher_of(rules), rules, 0 };
	pthread_t threads[8];
	void *wrong;

	for (size_t i = 0; i < COUNT(threads); i++)
		NEED(pthread_create(&threads[i], NULL, use_shared, &shared) == 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		NEED(pthread_join(threads[i], &wrong) == 0);
		CHECK_IS(0, (long)wrong);
	}
	driftcore_matcher_free(&shared.matcher);
	driftcore_rules_free(&rules);
}

static void count(void *context, const driftcore_alert *alert)
{
	*(size_t *)context += driftcore_alert_tag(alert, 0).length;
}

static void a_hundred_of_everything(void)
{
	for (int i = 0; i < 100; i++) {
		driftcore_options *options = driftcore_options_new();
		driftcore_sources *sources = driftcore_sources_new();
		driftcore_rules *rules = NULL;
		driftcore_diagnostics *diagnostics = NULL;
		driftcore_error *error = NULL;
		driftcore_layers *layers = NULL;
		const char *lowers[] = { "/no/lower1", "/no/lower2" };
		driftcore_classified *classified = NULL;
		driftcore_evidence evidence = added_file();
		driftcore_event *event = drift_event(), *copy = driftcore_event_copy(event);
		driftcore_field *field = field_of("proc.name");
		driftcore_flat_event *flat = NULL;
		driftcore_matcher *matcher;
		size_t tags = 0;

		CHECK_OK(driftcore_options_set(options, "rules.matching", "all", NULL));
		CHECK_OK(driftcore_sources_add_text(sources, "t", RULES, strlen(RULES), NULL));
		CHECK_OK(driftcore_rules_load(sources, options, &rules, &diagnostics, &error));
		CHECK(!error && driftcore_rules_json(rules).length > 0);
		matcher = matcher_of(rules);
		CHECK_OK(driftcore_flat_event_new("execve", &flat, NULL));
		CHECK_OK(driftcore_flat_event_set_text(flat, field, "x", 1, NULL));
		CHECK_OK(driftcore_matcher_alerts(matcher, flat, count, &tags, NULL));
		CHECK_IS(1, tags);
		CHECK_OK(driftcore_matcher_event_alerts(matcher, copy, count, &tags, NULL));
		CHECK_IS(2, tags);
		CHECK(driftcore_event_json(copy).length > 0);
		CHECK_OK(driftcore_layers_new("/no/upper", lowers, 2, 1, &layers, NULL));
		CHECK_OK(driftcore_classify(&evidence, "/x", 2, layers, options, &classified, NULL));
		CHECK_IS(DRIFTCORE_STATUS_IO, driftcore_sources_add_path(sources, "/no/rules", &error));
		CHECK(text_has(driftcore_error_file(error), "/no/rules"));
		driftcore_error_free(&error);
		driftcore_classified_free(&classified);
		driftcore_layers_free(&layers);
		driftcore_matcher_free(&matcher);
		driftcore_flat_event_free(&flat);
		driftcore_field_free(&field);
		driftcore_event_free(&event);
		driftcore_event_free(&copy);
		driftcore_diagnostics_free(&diagnostics);
		driftcore_rules_free(&rules);
		driftcore_sources_free(&sources);
		driftcore_options_free(&options);
	}
}

static const struct test tests[] = {
	TEST(freed_twice),
	TEST(unknown_names),
	TEST(wrong_types),
	TEST(bad_utf8),
	TEST(lengths),
	TEST(numbers_out_of_range),
	TEST(inspector),
	TEST(callback_uses_the_matcher),
	TEST(callback_frees_what_is_in_use),
	TEST(matcher_of_eight_threads),
	TEST(a_hundred_of_everything),
};

int main(int argc, char **argv)
{
	return check_main(argc, argv, tests, COUNT(tests));
}
