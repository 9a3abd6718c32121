/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NULL for every pointer of every function. The calls are made of the header; here is what they are
 * made with: one of each object, for every call anew.
 */
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

struct fixture {
	driftcore_options *options, *out_options;
	driftcore_sources *sources, *out_sources;
	driftcore_rules *rules, *out_rules;
	driftcore_diagnostics *diagnostics, *out_diagnostics;
	driftcore_matcher *matcher, *out_matcher;
	driftcore_flat_event *flat_event, *out_flat_event;
	driftcore_field *field, *out_field;
	driftcore_event *event, *out_event;
	driftcore_alert *alert, *out_alert;
	driftcore_layers *layers, *out_layers;
	driftcore_classified *classified, *out_classified;
	driftcore_inspector *inspector, *out_inspector;
	driftcore_scan *scan, *out_scan;
	driftcore_entry *entry, *out_entry;
	driftcore_behaviour *behaviour, *out_behaviour;
	driftcore_learner *learner, *out_learner;
	driftcore_configuration *configuration, *out_configuration;
	driftcore_verifier *verifier, *out_verifier;
	driftcore_judge *judge, *out_judge;
	driftcore_suggester *suggester, *out_suggester;
	driftcore_error *error, *failure;

	driftcore_evidence evidence;
	driftcore_text text;
	const driftcore_flat_event *events[1];
	const char *lowers[1];
	driftcore_match matches[1];
	size_t indexes[1];
	uint32_t number[1];
	uint8_t address[16];
	int descriptor;

	driftcore_rule rule[1];
	driftcore_diagnostic diagnostic[1];
	driftcore_event_info event_info[1];
	driftcore_container container[1];
	driftcore_file file[1];
	driftcore_writer writer[1];
	driftcore_network network[1];
	driftcore_package package[1];
	driftcore_digests digests[1];
	driftcore_config config[1];
	driftcore_config_item config_item[1];
	driftcore_process process[1];
	driftcore_ancestor ancestor[1];
	driftcore_alert_info alert_info[1];
	driftcore_classified_info classified_info[1];
	driftcore_entry_info entry_info[1];
	driftcore_file_state file_state[1];
	driftcore_file_user file_user[1];
	driftcore_owner owner[1];
	driftcore_scan_summary scan_summary[1];
	driftcore_posture_summary posture_summary[1];
	driftcore_verify_summary verify_summary[1];
	driftcore_scan_callbacks scan_callbacks;
	struct layers_on_disk disk;
};

static void keep_alert(void *context, const driftcore_alert *alert)
{
	driftcore_alert **kept = context;

	driftcore_alert_free(kept);
	*kept = driftcore_alert_copy(alert);
}

static void on_alert(void *context, const driftcore_alert *alert)
{
	(void)context;
	CHECK(driftcore_alert_line(alert).length > 0);
}

#define BASELINE "version: 1\nworkloads: []\n"
#define PODS "{\"spec\": {\"hostPID\": true, \"containers\": [{\"name\": \"a\"}]}}"

static uint32_t on_posture(void *context, const driftcore_posture *posture)
{
	(void)context;
	CHECK(posture->level == DRIFTCORE_LEVEL_PRIVILEGED && posture->json.length > 0);
	return 0;
}

#define APPROVED "nginx:1\n"

static uint32_t on_verified(void *context, const driftcore_verified *verified)
{
	(void)context;
	CHECK(verified->approval == DRIFTCORE_APPROVAL_CANNOT_TELL ||
	      verified->approval == DRIFTCORE_APPROVAL_UNAPPROVED);
	CHECK(verified->json.length > 0 && verified->reason.length > 0);
	return 0;
}

static void on_exception(void *context, const driftcore_exception *exception)
{
	(void)context;
	CHECK(exception->reason.length > 0);
}

static uint32_t keep_entry(void *context, const driftcore_entry *entry)
{
	driftcore_entry **kept = context;

	driftcore_entry_free(kept);
	*kept = driftcore_entry_copy(entry);
	return 0;
}

static void on_log(void *context, uint32_t level, driftcore_text target, driftcore_text message)
{
	(void)context;
	CHECK(level && target.length && message.data);
}

static void fixture_make(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->options = driftcore_options_new();
	f->sources = driftcore_sources_new();
	NEED(driftcore_sources_add_text(f->sources, "t", RULES, strlen(RULES), NULL) == 0);
	NEED(driftcore_rules_load(f->sources, NULL, &f->rules, &f->diagnostics, NULL) == 0);
	f->matcher = matcher_of(f->rules);
	f->flat_event = event_of(EVENT);
	f->field = field_of("proc.name");
	f->event = drift_event();
	NEED(driftcore_matcher_alerts(f->matcher, f->flat_event, keep_alert, &f->alert, NULL) == 0);
	NEED(driftcore_layers_new("/u", NULL, 0, 0, &f->layers, NULL) == 0);
	f->evidence = added_file();
	f->classified = verdict_of(&f->evidence);
	NEED(driftcore_inspector_new(NULL, &f->inspector, NULL) == 0);
	NEED(driftcore_behaviour_new(NULL, NULL, &f->behaviour, NULL) == 0);
	NEED(driftcore_learner_new(NULL, &f->learner, NULL) == 0);
	NEED(driftcore_verifier_new(NULL, &f->verifier, NULL) == 0);
	NEED(driftcore_judge_new(NULL, &f->judge, NULL) == 0);
	NEED(driftcore_suggester_new(NULL, &f->suggester, NULL) == 0);
	layers_on_disk_make(&f->disk);
	NEED(driftcore_scan_directories(f->disk.upper, f->disk.lowers, 1, NULL, &f->scan, NULL) == 0);
	f->scan_callbacks = (driftcore_scan_callbacks){
		.size = sizeof(f->scan_callbacks), .context = &f->entry, .entry = keep_entry,
	};
	/* valgrind lets no scan run: then there is no entry, and the tests of entries are left out. */
	driftcore_scan_run(f->scan, &f->scan_callbacks, NULL, NULL);
	f->descriptor = open(__FILE__, O_RDONLY | O_CLOEXEC);
	NEED(f->descriptor >= 0);
	driftcore_field_find("no.field", &f->out_field, &f->error);
	NEED(f->alert && f->error && !f->out_field);
	f->events[0] = f->flat_event;
	f->lowers[0] = "/l";
	f->rule->size = sizeof(*f->rule);
	f->diagnostic->size = sizeof(*f->diagnostic);
	f->event_info->size = sizeof(*f->event_info);
	f->container->size = sizeof(*f->container);
	f->file->size = sizeof(*f->file);
	f->writer->size = sizeof(*f->writer);
	f->network->size = sizeof(*f->network);
	f->package->size = sizeof(*f->package);
	f->digests->size = sizeof(*f->digests);
	f->config->size = sizeof(*f->config);
	f->config_item->size = sizeof(*f->config_item);
	f->process->size = sizeof(*f->process);
	f->ancestor->size = sizeof(*f->ancestor);
	f->alert_info->size = sizeof(*f->alert_info);
	f->classified_info->size = sizeof(*f->classified_info);
	f->entry_info->size = sizeof(*f->entry_info);
	f->file_state->size = sizeof(*f->file_state);
	f->file_user->size = sizeof(*f->file_user);
	f->owner->size = sizeof(*f->owner);
	f->scan_summary->size = sizeof(*f->scan_summary);
	f->posture_summary->size = sizeof(*f->posture_summary);
	f->verify_summary->size = sizeof(*f->verify_summary);
}

static void fixture_free(struct fixture *f)
{
#define BOTH(type)                                                                                 \
	driftcore_##type##_free(&f->type);                                                         \
	driftcore_##type##_free(&f->out_##type)
	BOTH(matcher);
	BOTH(rules);
	BOTH(diagnostics);
	BOTH(sources);
	BOTH(options);
	BOTH(flat_event);
	BOTH(field);
	BOTH(event);
	BOTH(alert);
	BOTH(layers);
	BOTH(classified);
	BOTH(inspector);
	BOTH(scan);
	BOTH(entry);
	BOTH(behaviour);
	BOTH(learner);
	BOTH(configuration);
	BOTH(verifier);
	BOTH(judge);
	BOTH(suggester);
	layers_on_disk_remove(&f->disk);
	close(f->descriptor);
	driftcore_error_free(&f->error);
	driftcore_error_free(&f->failure);
	CHECK_OK(driftcore_log_set(NULL, NULL, 0, NULL));
}

#include "null_objects.h"

int main(int argc, char **argv)
{
	return check_main(argc, argv, tests, COUNT(tests));
}
