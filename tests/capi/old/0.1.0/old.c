/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of the time of this header: it uses something of each part, is compiled with the header
 * beside it, and must run with every later library of the same SONAME.
 */
#include "driftcore.h"

#include <stdio.h>
#include <string.h>

#define NEED(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("line %d: not so any more: %s\n", __LINE__, #condition);            \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

static const char rules_text[] = "- rule: r\n  desc: d\n  condition: evt.type = execve and "
				 "proc.name = x\n  output: o\n  priority: WARNING\n  tags: [t]\n";

static const char event_text[] =
	"{\"version\":1,\"time\":\"2026-01-02T03:04:05Z\",\"drift\":true,\"kind\":\"binary\","
	"\"action\":\"exec\",\"provenance\":{\"verdict\":\"added\",\"evidence\":\"kernel\","
	"\"reason\":\"r\"},\"container\":null,\"process\":null,\"file\":{\"path\":\"/x\",\"inode\":5,"
	"\"device\":\"8:1\",\"mode\":\"0755\",\"owner\":{\"uid\":1,\"gid\":2},\"size\":3}}";

static void on_alert(void *context, const driftcore_alert *alert)
{
	driftcore_alert_info info = { 0 };

	info.size = sizeof(info);
	if (driftcore_alert_get(alert, &info, NULL) == DRIFTCORE_STATUS_OK &&
	    info.priority == DRIFTCORE_PRIORITY_WARNING && driftcore_alert_tag(alert, 0).length == 1)
		++*(int *)context;
}

static int rules_and_matcher(void)
{
	driftcore_options *options = driftcore_options_new();
	driftcore_sources *sources = driftcore_sources_new();
	driftcore_rules *rules = NULL;
	driftcore_diagnostics *diagnostics = NULL;
	driftcore_matcher *matcher = NULL;
	driftcore_flat_event *event = NULL;
	driftcore_field *field = NULL;
	driftcore_error *error = NULL;
	driftcore_rule rule = { 0 };
	size_t found = 0, index = 9;
	int alerts = 0;

	NEED(driftcore_options_set(options, "no.option", "x", &error) ==
	     DRIFTCORE_STATUS_UNKNOWN_NAME);
	NEED(driftcore_error_message(error).length > 0);
	driftcore_error_free(&error);
	NEED(driftcore_options_set(options, "rules.matching", "all", &error) == DRIFTCORE_STATUS_OK);
	NEED(driftcore_sources_add_text(sources, "t", rules_text, strlen(rules_text), NULL) == 0);
	NEED(driftcore_rules_load(sources, options, &rules, &diagnostics, NULL) == 0);
	NEED(driftcore_diagnostics_count(diagnostics) == 0);
	rule.size = sizeof(rule);
	NEED(driftcore_rules_get(rules, 0, &rule, NULL) == 0);
	NEED(rule.status == DRIFTCORE_RULE_STATUS_ACTIVE && rule.name.length == 1);
	NEED(driftcore_matcher_new(rules, &matcher, NULL) == 0);
	NEED(driftcore_flat_event_new("execve", &event, NULL) == 0);
	NEED(driftcore_field_find("proc.name", &field, NULL) == 0);
	NEED(driftcore_flat_event_set_text(event, field, "x", 1, NULL) == 0);
	NEED(driftcore_matcher_match(matcher, event, &index, 1, &found, NULL) == 0);
	NEED(found == 1 && index == 0);
	NEED(driftcore_matcher_alerts(matcher, event, on_alert, &alerts, NULL) == 0);
	NEED(alerts == 1);
	driftcore_field_free(&field);
	driftcore_flat_event_free(&event);
	driftcore_matcher_free(&matcher);
	driftcore_diagnostics_free(&diagnostics);
	driftcore_rules_free(&rules);
	driftcore_sources_free(&sources);
	driftcore_options_free(&options);
	NEED(!rules && !matcher && !event);
	return 0;
}

static int events_and_classifier(void)
{
	driftcore_event *event = NULL;
	driftcore_event_info info = { 0 };
	driftcore_file file = { 0 };
	driftcore_evidence evidence = { 0 };
	driftcore_classified *classified = NULL;
	driftcore_classified_info verdict = { 0 };

	NEED(driftcore_event_parse(event_text, strlen(event_text), &event, NULL) == 0);
	info.size = sizeof(info);
	NEED(driftcore_event_get(event, &info, NULL) == 0);
	NEED(info.kind == DRIFTCORE_KIND_BINARY && info.action == DRIFTCORE_ACTION_EXEC);
	NEED(info.verdict == DRIFTCORE_VERDICT_ADDED && info.drift == 1);
	file.size = sizeof(file);
	NEED(driftcore_event_file(event, &file) == 1 && file.inode == 5 && file.gid == 2);
	NEED(driftcore_event_json(event).length > 0);
	driftcore_event_free(&event);

	evidence.size = sizeof(evidence);
	evidence.flags = DRIFTCORE_EVIDENCE_FLAG_ANONYMOUS;
	NEED(driftcore_classify(&evidence, "/x", 2, NULL, NULL, &classified, NULL) == 0);
	verdict.size = sizeof(verdict);
	NEED(driftcore_classified_get(classified, &verdict, NULL) == 0);
	NEED(verdict.verdict == DRIFTCORE_VERDICT_MEMFD);
	NEED(strcmp(driftcore_verdict_name(verdict.verdict), "memfd") == 0);
	driftcore_classified_free(&classified);
	return 0;
}

/* Without privileges nothing more can be asked of it. */
static int engine(void)
{
	driftcore_engine *engine = NULL;
	driftcore_callbacks callbacks = { 0 };
	driftcore_counters counters = { 0 };

	counters.size = sizeof(counters);
	NEED(driftcore_engine_new(NULL, NULL, &callbacks, &engine, NULL) ==
	     DRIFTCORE_STATUS_INVALID_ARGUMENT);
	NEED(driftcore_engine_counters(NULL, &counters, NULL) == DRIFTCORE_STATUS_INVALID_ARGUMENT);
	NEED(driftcore_engine_fd(engine) == -1);
	driftcore_engine_stop(engine);
	driftcore_engine_destroy(&engine);
	return 0;
}

int main(void)
{
	if (rules_and_matcher() || events_and_classifier() || engine())
		return 1;
	printf("built with %d.%d.%d, runs with %s: as it was\n", DRIFTCORE_VERSION_MAJOR,
	       DRIFTCORE_VERSION_MINOR, DRIFTCORE_VERSION_PATCH, driftcore_version());
	return 0;
}
