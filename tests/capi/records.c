/* SPDX-License-Identifier: Apache-2.0 */
/* Records that say how large they are: every wrong size, an older one, a newer one. */
#include <stdint.h>

#include "check.h"

/* Fills a record, or reads one; 0 when it was taken. */
typedef int (*use_record)(void *record);

/* Larger than any record that a library takes, and aligned for each. */
static union {
	size_t size;
	unsigned char bytes[8192];
} memory;

/* Every member may be zero but those of `like`. */
static void lay_out(const void *like, size_t known, size_t size)
{
	memset(&memory, 0, sizeof(memory));
	if (like)
		memcpy(&memory, like, known);
	memory.size = size;
}

/* `like`: NULL where the library fills the record, else one that it reads. `first`: the size of the
 * record in the first version that had it. */
static void every_size_since(use_record use, const void *like, size_t first, size_t known)
{
	size_t wrong[] = { 0, 1, sizeof(size_t), 15, first - 1, 4097, SIZE_MAX / 2, SIZE_MAX };

	for (size_t i = 0; i < COUNT(wrong); i++) {
		lay_out(like, known, wrong[i]);
		CHECK(use(&memory) != 0);
		CHECK(memory.size == wrong[i]);
	}

	/* A record of the first version: nothing behind it is touched. */
	lay_out(like, first, first);
	if (!like)
		memset(memory.bytes + first, 0x5a, sizeof(memory) - first);
	CHECK_IS(0, use(&memory));
	for (size_t i = first; !like && i < sizeof(memory); i++)
		CHECK(memory.bytes[i] == 0x5a);

	lay_out(like, known, known);
	if (!like)
		memset(memory.bytes + known, 0x5a, sizeof(memory) - known);
	CHECK_IS(0, use(&memory));
	CHECK(memory.size == known);
	/* Nothing behind it is touched. */
	for (size_t i = known; !like && i < sizeof(memory); i++)
		CHECK(memory.bytes[i] == 0x5a);

	/* A newer record, whose new members are zero. */
	lay_out(like, known, known + 64);
	if (!like)
		memset(memory.bytes + sizeof(size_t), 0x5a, sizeof(memory) - sizeof(size_t));
	CHECK_IS(0, use(&memory));
	CHECK(memory.size == known + 64);
	for (size_t i = known; !like && i < sizeof(memory); i++)
		CHECK(memory.bytes[i] == (i < known + 64 ? 0 : 0x5a));

	/* A newer record that asks for what this library cannot do. */
	if (like) {
		lay_out(like, known, known + 64);
		memory.bytes[known + 63] = 1;
		CHECK(use(&memory) != 0);
	}
}

static void every_size(use_record use, const void *like, size_t known)
{
	every_size_since(use, like, known, known);
}

static driftcore_rules *rules;
static driftcore_event *event;
static driftcore_classified *classified;
static driftcore_diagnostics *diagnostics;
static const driftcore_alert *alert;

static int get_rule(void *record)
{
	return driftcore_rules_get(rules, 1, record, NULL);
}

static void rule(void)
{
	rules = rules_of(RULES);
	every_size(get_rule, NULL, sizeof(driftcore_rule));
	lay_out(NULL, 0, sizeof(driftcore_rule));
	CHECK_IS(0, get_rule(&memory));
	CHECK(text_is(((driftcore_rule *)&memory)->name, "second"));
	driftcore_rules_free(&rules);
}

static int get_diagnostic(void *record)
{
	return driftcore_diagnostics_get(diagnostics, 0, record, NULL);
}

static void diagnostic(void)
{
	driftcore_sources *sources = driftcore_sources_new();

	CHECK_OK(driftcore_sources_add_text(sources, "t", "- rule: a\n", 10, NULL));
	CHECK_IS(DRIFTCORE_STATUS_RULES,
		 driftcore_rules_load(sources, NULL, &rules, &diagnostics, NULL));
	CHECK(!rules && driftcore_diagnostics_count(diagnostics) > 0);
	every_size(get_diagnostic, NULL, sizeof(driftcore_diagnostic));
	driftcore_diagnostics_free(&diagnostics);
	driftcore_sources_free(&sources);
}

static int get_info(void *record)
{
	return driftcore_event_get(event, record, NULL);
}

static int get_container(void *record)
{
	return !driftcore_event_container(event, record);
}

static int get_file(void *record)
{
	return !driftcore_event_file(event, record);
}

static int get_writer(void *record)
{
	return !driftcore_event_writer(event, record);
}

static int get_network(void *record)
{
	return !driftcore_event_network(event, record);
}

static int get_process(void *record)
{
	return !driftcore_event_process(event, record);
}

static int get_ancestor(void *record)
{
	return !driftcore_event_ancestor(event, 0, record);
}

static void event_parts(void)
{
	event = drift_event();
	every_size_since(get_info, NULL, 72, sizeof(driftcore_event_info));
	every_size(get_container, NULL, sizeof(driftcore_container));
	every_size_since(get_file, NULL, 96, sizeof(driftcore_file));
	every_size_since(get_writer, NULL, 64, sizeof(driftcore_writer));
	every_size_since(get_network, NULL, 112, sizeof(driftcore_network));
	every_size(get_process, NULL, sizeof(driftcore_process));
	every_size(get_ancestor, NULL, sizeof(driftcore_ancestor));
	driftcore_event_free(&event);
}

static void file_and_writer(void)
{
	driftcore_file file = { .size = sizeof(file) };
	driftcore_writer writer = { .size = sizeof(writer) };

	event = drift_event();
	CHECK_IS(1, driftcore_event_file(event, &file));
	CHECK(text_is(file.path, "/tmp/x") && text_is(file.old_path, "/tmp/y"));
	CHECK_IS(DRIFTCORE_CHANGED_MODE | DRIFTCORE_CHANGED_SETUID, file.changed);
	CHECK_IS(DRIFTCORE_WRITTEN_YES, file.written);
	CHECK_IS(1, driftcore_event_writer(event, &writer));
	CHECK(text_is(writer.name, "cp") && text_is(writer.exe, "/bin/cp"));
	CHECK_IS(8, writer.pid);
	CHECK_IS(9, writer.uid);
	CHECK_IS(DRIFTCORE_ORIGIN_INSIDE, writer.origin);
	CHECK(writer.time_ns == 1767323040000000001);
	driftcore_event_free(&event);
}

static void network(void)
{
	driftcore_network network = { .size = sizeof(network) };

	event = drift_event();
	CHECK_IS(1, driftcore_event_network(event, &network));
	CHECK(text_is(network.local, "10.0.0.9:40000"));
	CHECK(text_is(network.remote, "[fd00::1]:443"));
	CHECK(text_is(network.local_address, "10.0.0.9"));
	CHECK(text_is(network.remote_address, "fd00::1"));
	CHECK(text_is(network.result, "ECONNREFUSED"));
	CHECK_IS(40000, network.local_port);
	CHECK_IS(443, network.remote_port);
	CHECK_IS(DRIFTCORE_FAMILY_IPV4, network.family);
	CHECK_IS(DRIFTCORE_PROTOCOL_TCP, network.protocol);
	CHECK_IS(DRIFTCORE_NETWORK_DUAL | DRIFTCORE_NETWORK_AUTO_PORT, network.flags);
	CHECK_IS(0, network.expected);
	driftcore_event_free(&event);
}

static void package_and_digests(void)
{
	static const char json[] =
		"{\"version\":1,\"time\":\"2026-01-01T00:00:00Z\",\"drift\":true,\"kind\":\"digest\","
		"\"action\":\"mismatch\",\"provenance\":null,\"container\":null,\"process\":null,"
		"\"package\":{\"manager\":\"dpkg\",\"name\":\"curl\",\"version\":\"8\",\"old_version\":\"7\"},"
		"\"digest\":{\"approved\":[\"sha256:a\",\"sha256:b\"],\"running\":\"sha256:c\",\"reason\":\"x\"}}";
	driftcore_package package = { .size = sizeof(package) };
	driftcore_digests digests = { .size = sizeof(digests) };
	driftcore_event_info info = { .size = sizeof(info) };

	CHECK_OK(driftcore_event_parse(json, strlen(json), &event, NULL));
	CHECK_OK(driftcore_event_get(event, &info, NULL));
	CHECK(info.kind == DRIFTCORE_KIND_DIGEST && info.action == DRIFTCORE_ACTION_MISMATCH);
	CHECK_IS(1, driftcore_event_package(event, &package));
	CHECK(text_is(package.manager, "dpkg") && text_is(package.name, "curl"));
	CHECK(text_is(package.version, "8") && text_is(package.old_version, "7"));
	CHECK_IS(1, driftcore_event_digests(event, &digests));
	CHECK(text_is(digests.running, "sha256:c") && text_is(digests.reason, "x"));
	CHECK_IS(2, digests.approved_count);
	CHECK(text_is(driftcore_event_approved(event, 1), "sha256:b"));
	CHECK(!driftcore_event_approved(event, 2).data);
	driftcore_event_free(&event);

	event = drift_event();
	CHECK_IS(0, driftcore_event_package(event, &package));
	CHECK_IS(0, driftcore_event_digests(event, &digests));
	CHECK(!package.name.data && !digests.approved_count);
	CHECK(!driftcore_event_approved(event, 0).data);
	driftcore_event_free(&event);
}

static int get_config(void *record)
{
	return !driftcore_event_config(event, record);
}

static void config(void)
{
	static const char json[] =
		"{\"version\":1,\"time\":\"2026-01-01T00:00:00Z\",\"drift\":true,\"kind\":\"config\","
		"\"action\":\"environment\",\"provenance\":null,\"container\":null,\"process\":null,"
		"\"config\":{\"item\":\"LD_PRELOAD\",\"declared\":null,\"live\":\"\","
		"\"mark\":\"code_injection\",\"origin\":\"outside\"},\"ended\":true}";
	driftcore_config config = { .size = sizeof(config) };

	CHECK_OK(driftcore_event_parse(json, strlen(json), &event, NULL));
	every_size(get_config, NULL, sizeof(driftcore_config));
	CHECK_IS(1, driftcore_event_config(event, &config));
	CHECK(text_is(config.item, "LD_PRELOAD") && !config.declared.data);
	/* Empty is not absent. */
	CHECK(config.live.data && config.live.length == 0);
	CHECK_IS(DRIFTCORE_MARK_CODE_INJECTION, config.mark);
	CHECK_IS(DRIFTCORE_ORIGIN_OUTSIDE, config.origin);
	CHECK(config.ended == 1 && config.reserved == 0);
	driftcore_event_free(&event);

	event = drift_event();
	CHECK_IS(0, driftcore_event_config(event, &config));
	CHECK(!config.item.data && !config.mark);
	driftcore_event_free(&event);
}

static driftcore_verifier *verifier;
static driftcore_verify_summary verified;

static uint32_t on_verified(void *context, const driftcore_verified *one)
{
	int *count = context;

	++*count;
	CHECK(one->size == sizeof(*one));
	CHECK(text_is(one->container, "a") && text_is(one->role, "main"));
	CHECK(text_is(one->image, "nginx:1") && !one->pod.data && !one->running.data);
	CHECK_IS(DRIFTCORE_APPROVAL_MUTABLE_TAG, one->approval);
	CHECK_IS(DRIFTCORE_LAYER_PROOF_NONE, one->layers);
	CHECK(text_has(one->json, "\"approval\":\"mutable_tag\""));
	return 0;
}

static int verify_pods(void *record)
{
	static const char pods[] =
		"{\"spec\": {\"containers\": [{\"name\": \"a\", \"image\": \"nginx:1\"}]}}";
	int count = 0;
	driftcore_status status = driftcore_verifier_pods(verifier, pods, strlen(pods), on_verified,
							  &count, record, NULL);

	CHECK(status || count == 1);
	return status != DRIFTCORE_STATUS_OK;
}

static void verify(void)
{
	driftcore_error *error = NULL;

	CHECK_OK(driftcore_verifier_new(NULL, &verifier, NULL));
	CHECK_OK(driftcore_verifier_add(verifier, "list", "nginx:1\n", 8, NULL));
	every_size(verify_pods, NULL, sizeof(driftcore_verify_summary));
	verified.size = sizeof(verified);
	CHECK_IS(0, verify_pods(&verified));
	CHECK(verified.containers == 1 && verified.mutable_tag == 1 && verified.pods == 1);
	CHECK(verified.approved == 0 && verified.others == 0 && verified.stopped == 0);
	CHECK_IS(DRIFTCORE_STATUS_WRONG_TYPE,
		 driftcore_verifier_add(verifier, "list", "nginx\n@sha256:1\n", 16, &error));
	CHECK(text_has(driftcore_error_message(error), "list:2: "));
	driftcore_error_free(&error);
	driftcore_verifier_free(&verifier);
}

static void judged_and_suggested(void)
{
	driftcore_judge *judge = NULL;
	driftcore_suggester *suggester = NULL;
	driftcore_learner *learner = NULL;
	driftcore_text what, json, yaml;
	uint32_t answer = 9;

	event = drift_event();
	CHECK_OK(driftcore_judge_new(NULL, &judge, NULL));
	CHECK_OK(driftcore_judge_event(judge, event, &answer, &what, NULL));
	CHECK_IS(DRIFTCORE_JUDGED_DEPARTS, answer);
	CHECK(text_is(what, "ran /tmp/x (added, digest not known)"));
	CHECK_OK(driftcore_judge_summary(judge, &json, NULL));
	CHECK(text_has(json, "\"departures\":1"));
	driftcore_judge_free(&judge);

	CHECK_OK(driftcore_suggester_new(NULL, &suggester, NULL));
	CHECK_OK(driftcore_suggester_see(suggester, event, NULL));
	CHECK_OK(driftcore_suggester_suggest(suggester, &yaml, &json, NULL));
	CHECK(text_has(yaml, "path: [/tmp/x]") && text_has(json, "\"silences\":1"));
	driftcore_suggester_free(&suggester);

	CHECK_OK(driftcore_learner_new(NULL, &learner, NULL));
	CHECK_OK(driftcore_learner_show(learner, &json, NULL));
	CHECK(text_is(json, "{\"version\":1,\"workloads\":[]}"));
	driftcore_learner_free(&learner);
	driftcore_event_free(&event);
}

static int get_alert(void *record)
{
	return driftcore_alert_get(alert, record, NULL);
}

static void on_alert(void *context, const driftcore_alert *one)
{
	++*(int *)context;
	alert = one;
	every_size(get_alert, NULL, sizeof(driftcore_alert_info));
	alert = NULL;
}

static void alert_info(void)
{
	driftcore_flat_event *flat = event_of(EVENT);
	driftcore_matcher *matcher;
	int called = 0;

	rules = rules_of(RULES);
	matcher = matcher_of(rules);
	CHECK_OK(driftcore_matcher_alerts(matcher, flat, on_alert, &called, NULL));
	CHECK_IS(2, called);
	driftcore_matcher_free(&matcher);
	driftcore_flat_event_free(&flat);
	driftcore_rules_free(&rules);
}

static int get_verdict(void *record)
{
	return driftcore_classified_get(classified, record, NULL);
}

static int judge(void *record)
{
	driftcore_classified *made = NULL;
	int status = driftcore_classify(record, "/x", 2, NULL, NULL, &made, NULL);

	CHECK((made != NULL) == (status == 0));
	driftcore_classified_free(&made);
	return status;
}

static void evidence_and_verdict(void)
{
	driftcore_evidence evidence = added_file();

	classified = verdict_of(&evidence);
	every_size(get_verdict, NULL, sizeof(driftcore_classified_info));
	every_size(judge, &evidence, sizeof(evidence));
	driftcore_classified_free(&classified);
}

/* A size that is refused is refused before the kernel is asked for anything. */
static void callbacks(void)
{
	size_t wrong[] = { 0, 8, sizeof(driftcore_callbacks) - 1, 4097, SIZE_MAX };
	driftcore_engine *engine = (void *)&memory;

	for (size_t i = 0; i < COUNT(wrong); i++) {
		lay_out(NULL, 0, wrong[i]);
		CHECK_INVALID(driftcore_engine_new(NULL, NULL, (void *)&memory, &engine, NULL));
		CHECK(!engine);
	}
	lay_out(NULL, 0, sizeof(driftcore_callbacks) + 8);
	memory.bytes[sizeof(driftcore_callbacks)] = 1;
	CHECK_INVALID(driftcore_engine_new(NULL, NULL, (void *)&memory, &engine, NULL));
}

static const driftcore_entry *entry;

static int get_entry(void *record)
{
	return driftcore_entry_get(entry, record, NULL);
}

static uint32_t on_entry(void *context, const driftcore_entry *one)
{
	driftcore_file_state state = { .size = sizeof(state) };
	driftcore_entry_info info = { .size = sizeof(info) };
	driftcore_file_user user = { .size = sizeof(user) };

	++*(int *)context;
	entry = one;
	every_size(get_entry, NULL, sizeof(driftcore_entry_info));
	entry = NULL;
	CHECK_OK(driftcore_entry_get(one, &info, NULL));
	CHECK(!driftcore_entry_user(one, 0, &user) && !user.name.data);
	CHECK(text_has(driftcore_entry_json(one), "\"kind\":\""));
	CHECK(!driftcore_entry_state(one, 2, &state));
	CHECK_IS(1, driftcore_entry_state(one, DRIFTCORE_SIDE_AFTER, &state));
	CHECK_IS(DRIFTCORE_FILE_TYPE_FILE, state.file_type);
	CHECK(state.sha256.length == 64);
	if (text_is(info.path, "/new")) {
		CHECK_IS(DRIFTCORE_ENTRY_ADDED, info.kind);
		CHECK_IS(DRIFTCORE_CODE_SCRIPT, state.code);
		CHECK(!driftcore_entry_state(one, DRIFTCORE_SIDE_BEFORE, &state) && !state.links);
	} else {
		CHECK(text_is(info.path, "/both"));
		CHECK_IS(DRIFTCORE_ENTRY_REPLACED, info.kind);
		CHECK_IS(DRIFTCORE_CHANGED_CONTENT, info.changed & DRIFTCORE_CHANGED_CONTENT);
		CHECK_IS(1, driftcore_entry_state(one, DRIFTCORE_SIDE_BEFORE, &state));
		CHECK_IS(6, state.byte_count);
	}
	return 0;
}

static uint32_t stop(void *context, const driftcore_entry *one)
{
	(void)one;
	++*(int *)context;
	return 7;
}

static driftcore_scan *scanned;

static int run_scan(void *record)
{
	int called = 0, status;

	memcpy((char *)record + offsetof(driftcore_scan_callbacks, context), &(void *){ &called },
	       sizeof(void *));
	status = driftcore_scan_run(scanned, record, NULL, NULL);
	CHECK((called > 0) == (status == 0));
	return status;
}

static uint32_t count_only(void *context, const driftcore_entry *one)
{
	(void)one;
	++*(int *)context;
	return 0;
}

static void scan(void)
{
	driftcore_scan_callbacks to = { .size = sizeof(to), .entry = on_entry };
	driftcore_scan_summary summary = { .size = sizeof(summary) };
	struct layers_on_disk disk;
	driftcore_error *error = NULL;
	int called = 0;

	layers_on_disk_make(&disk);
	CHECK_OK(driftcore_scan_directories(disk.upper, disk.lowers, 1, NULL, &scanned, NULL));
	to.context = &called;
	CHECK_OK(driftcore_scan_run(scanned, &to, &summary, NULL));
	CHECK_IS(2, called);
	CHECK(summary.entries == 2 && summary.drift == 2 && !summary.problems && !summary.stopped);
	CHECK(summary.names >= 2 && summary.bytes > 0);

	/* Any answer but 0 ends it, which is no failure. */
	to.entry = stop;
	called = 0;
	CHECK_OK(driftcore_scan_run(scanned, &to, &summary, NULL));
	CHECK(called == 1 && summary.entries == 1 && summary.stopped == 1);

	to.entry = count_only;
	every_size_since(run_scan, &to, offsetof(driftcore_scan_callbacks, package), sizeof(to));
	summary.size = 9;
	CHECK_INVALID(driftcore_scan_run(scanned, &to, &summary, NULL));
	driftcore_scan_free(&scanned);

	CHECK_OK(driftcore_scan_directories("/no/such/upper", disk.lowers, 1, NULL, &scanned, NULL));
	CHECK_IS(DRIFTCORE_STATUS_NOT_FOUND, driftcore_scan_run(scanned, &to, NULL, &error));
	CHECK(text_has(driftcore_error_message(error), "/no/such/upper"));
	driftcore_error_free(&error);
	driftcore_scan_free(&scanned);
	CHECK_IS(DRIFTCORE_STATUS_NOT_FOUND,
		 driftcore_scan_container("no-such-container", NULL, &scanned, NULL));
	CHECK(!scanned && strcmp(driftcore_entry_kind_name(DRIFTCORE_ENTRY_ADDED), "added") == 0);
	layers_on_disk_remove(&disk);
}

static uint32_t on_owned(void *context, const driftcore_entry *one)
{
	driftcore_entry_info info = { .size = sizeof(info) };
	driftcore_owner owner = { .size = sizeof(owner) };
	driftcore_entry *copy = driftcore_entry_copy(one);

	CHECK_OK(driftcore_entry_get(copy, &info, NULL));
	if (text_is(info.path, "/bin/tool")) {
		CHECK_IS(1, driftcore_entry_owner(copy, &owner));
		CHECK(text_is(owner.manager, "cargo") && text_is(owner.name, "tool"));
		CHECK(text_is(owner.version, "1.1.0") && text_is(owner.place, "/"));
		CHECK(!owner.architecture.data && owner.as_packaged == DRIFTCORE_ANSWER_UNKNOWN);
		CHECK(owner.came_with_package == 1 && owner.is_config == 0);
		CHECK(text_has(driftcore_entry_json(copy), "\"package\":{"));
	} else {
		CHECK_IS(0, driftcore_entry_owner(copy, &owner));
		CHECK(!owner.name.data && owner.size == sizeof(owner));
	}
	driftcore_entry_free(&copy);
	++*(int *)context;
	return 0;
}

static uint32_t on_package(void *context, const driftcore_changed_package *package)
{
	CHECK_IS(sizeof(*package), package->size);
	CHECK_IS(DRIFTCORE_PACKAGE_UPGRADE, package->change);
	CHECK(strcmp(driftcore_package_change_name(package->change), "upgrade") == 0);
	CHECK(text_is(package->name, "tool") && text_is(package->manager, "cargo"));
	CHECK(text_is(package->old_version, "1.0.0") && text_is(package->version, "1.1.0"));
	CHECK(package->files == 1 && package->code == 1 && package->altered == 0);
	*(int *)context += 100;
	return 0;
}

static uint32_t on_database(void *context, const driftcore_package_database *database)
{
	CHECK_IS(sizeof(*database), database->size);
	CHECK(text_is(database->place, "/") && text_is(database->manager, "cargo"));
	CHECK(database->changes == 1 && database->is_written == 1 && database->is_forged == 0);
	CHECK_IS(DRIFTCORE_ANSWER_UNKNOWN, database->run);
	*(int *)context += 1000;
	return 0;
}

static uint32_t stop_at_package(void *context, const driftcore_changed_package *package)
{
	(void)package;
	++*(int *)context;
	return 1;
}

static void packages(void)
{
	driftcore_scan_callbacks to = { .size = sizeof(to) };
	driftcore_scan_summary summary = { .size = sizeof(summary) };
	driftcore_options *options = driftcore_options_new();
	struct layers_on_disk disk;
	int called = 0;

	layers_on_disk_make(&disk);
	cargo_on_disk(&disk);
	CHECK_OK(driftcore_scan_directories(disk.upper, disk.lowers, 1, NULL, &scanned, NULL));
	to.context = &called;
	to.entry = on_owned;
	to.package = on_package;
	to.database = on_database;
	CHECK_OK(driftcore_scan_run(scanned, &to, &summary, NULL));
	CHECK_IS(1105, called);
	CHECK(summary.packages == 1 && summary.faults == 0 && !summary.stopped);

	/* A package may end it, too. */
	called = 0;
	to.entry = NULL;
	to.package = stop_at_package;
	CHECK_OK(driftcore_scan_run(scanned, &to, &summary, NULL));
	CHECK(called == 1 && summary.stopped == 1 && summary.entries == 5);
	driftcore_scan_free(&scanned);

	/* What is broken in a database is told, and is no problem of the scan. */
	file_on_disk(disk.upper, ".crates2.json", "{");
	CHECK_OK(driftcore_scan_directories(disk.upper, disk.lowers, 1, NULL, &scanned, NULL));
	to.package = NULL;
	to.database = NULL;
	CHECK_OK(driftcore_scan_run(scanned, &to, &summary, NULL));
	CHECK(summary.faults == 1 && summary.problems == 0 && summary.packages == 1);
	driftcore_scan_free(&scanned);

	CHECK_OK(driftcore_options_set(options, "scan.packages", "false", NULL));
	CHECK_OK(driftcore_scan_directories(disk.upper, disk.lowers, 1, options, &scanned, NULL));
	CHECK_OK(driftcore_scan_run(scanned, &to, &summary, NULL));
	CHECK(summary.faults == 0 && summary.packages == 0);
	driftcore_scan_free(&scanned);
	driftcore_options_free(&options);
	CHECK(strcmp(driftcore_package_change_name(99), "other") == 0);
	layers_on_disk_remove(&disk);
}

static const struct test tests[] = {
	TEST(rule),	    TEST(diagnostic), TEST(event_parts),	  TEST(file_and_writer),
	TEST(network),	    TEST(package_and_digests), TEST(alert_info), TEST(evidence_and_verdict), TEST(callbacks),
	TEST(scan),	    TEST(packages),   TEST(config),	  TEST(verify),
	TEST(judged_and_suggested),
};

int main(int argc, char **argv)
{
	return check_main(argc, argv, tests, COUNT(tests));
}
