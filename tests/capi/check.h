/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the test programs share: named tests, checks that say where they failed, and the few calls
 * that every test begins with. A program runs all of its tests, or those that its arguments name;
 * its status is 0 when all checks held.
 */
#ifndef CHECK_H
#define CHECK_H

#include <driftcore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct test {
	const char *name;
	void (*run)(void);
};

#define TEST(function) { #function, function }

/* Written by one thread at a time; a lost increment still leaves it above 0. */
static volatile int check_failures;

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			check_failures++;                                                          \
			printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);             \
		}                                                                                  \
	} while (0)

/* Checks what a call returns, and says what it returned instead. */
#define CHECK_IS(expected, call)                                                                   \
	do {                                                                                       \
		long long check_got_ = (long long)(call);                                          \
		if (check_got_ != (long long)(expected)) {                                         \
			check_failures++;                                                          \
			printf("%s:%d: %s is %lld, expected %s\n", __FILE__, __LINE__, #call,      \
			       check_got_, #expected);                                             \
		}                                                                                  \
	} while (0)

#define CHECK_OK(call) CHECK_IS(DRIFTCORE_STATUS_OK, call)
#define CHECK_INVALID(call) CHECK_IS(DRIFTCORE_STATUS_INVALID_ARGUMENT, call)

/* Ends the program when the test cannot go on. */
#define NEED(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("%s:%d: cannot go on without: %s\n", __FILE__, __LINE__,            \
			       #condition);                                                        \
			exit(2);                                                                   \
		}                                                                                  \
	} while (0)

static inline int check_main(int argc, char **argv, const struct test *tests, size_t count)
{
	int failed = 0, ran = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < count; i++) {
		/* Names are of tests to run, or, behind a minus, of those to leave out. */
		int wanted = argc < 2 || argv[1][0] == '-';

		for (int argument = 1; argument < argc; argument++) {
			const char *name = argv[argument];

			if (strcmp(name + (*name == '-'), tests[i].name) == 0)
				wanted = *name != '-';
		}
		if (!wanted)
			continue;
		check_failures = 0;
		tests[i].run();
		printf("%s %s\n", check_failures ? "FAILED" : "ok", tests[i].name);
		failed += check_failures != 0;
		ran++;
	}
	return failed || !ran;
}

static inline int text_is(driftcore_text text, const char *expected)
{
	return text.data && text.length == strlen(expected) &&
	       memcmp(text.data, expected, text.length) == 0;
}

static inline int text_has(driftcore_text text, const char *part)
{
	size_t length = strlen(part);

	for (size_t at = 0; at + length <= text.length; at++) {
		if (memcmp(text.data + at, part, length) == 0)
			return 1;
	}
	return 0;
}

#define RULES                                                                                      \
	"- rule: first\n  desc: the first rule\n  condition: proc.name = x\n"                     \
	"  output: the name is %proc.name\n  priority: WARNING\n  tags: [a, b]\n"                 \
	"- rule: second\n  desc: the second rule\n  condition: proc.name startswith x\n"          \
	"  output: o\n  priority: INFO\n"

/* Rules of a text, with the policy `all`; NULL where it has errors. */
static inline driftcore_rules *rules_of(const char *text)
{
	driftcore_sources *sources = driftcore_sources_new();
	driftcore_options *options = driftcore_options_new();
	driftcore_rules *rules = NULL;

	NEED(driftcore_options_set(options, "rules.matching", "all", NULL) == 0);
	NEED(driftcore_sources_add_text(sources, "t.yaml", text, strlen(text), NULL) == 0);
	driftcore_rules_load(sources, options, &rules, NULL, NULL);
	driftcore_options_free(&options);
	driftcore_sources_free(&sources);
	return rules;
}

static inline driftcore_matcher *matcher_of(const driftcore_rules *rules)
{
	driftcore_matcher *matcher = NULL;

	NEED(driftcore_matcher_new(rules, &matcher, NULL) == DRIFTCORE_STATUS_OK);
	return matcher;
}

static inline driftcore_flat_event *event_of(const char *json)
{
	driftcore_flat_event *event = NULL;

	NEED(driftcore_flat_event_parse(json, strlen(json), &event, NULL) == DRIFTCORE_STATUS_OK);
	return event;
}

#define EVENT "{\"evt.type\": \"execve\", \"proc.name\": \"x\", \"container.id\": \"c\"}"

static inline driftcore_field *field_of(const char *name)
{
	driftcore_field *field = NULL;

	NEED(driftcore_field_find(name, &field, NULL) == DRIFTCORE_STATUS_OK);
	return field;
}

/* An event as driftd writes it, with every part that an accessor reads. */
#define DRIFT_EVENT                                                                                \
	"{\"version\":1,\"time\":\"2026-01-02T03:04:05.000000006Z\",\"drift\":true,"              \
	"\"kind\":\"binary\",\"action\":\"exec\",\"provenance\":{\"verdict\":\"added\","           \
	"\"evidence\":\"kernel\",\"reason\":\"a new file\"},\"container\":{\"id\":\"c1\","         \
	"\"name\":\"web\",\"runtime\":\"docker\",\"image\":\"i\",\"image_digest\":null,"           \
	"\"image_id\":null,\"pod\":null,\"namespace\":null,\"labels\":{\"k\":\"v\"},"              \
	"\"started_at\":null},\"process\":{\"pid\":7,\"tid\":7,\"ppid\":6,\"container_pid\":2,"    \
	"\"name\":\"x\",\"exe\":\"/tmp/x\",\"cmdline\":[\"x\",\"-v\"],\"cwd\":\"/\",\"uid\":0,"    \
	"\"gid\":0,\"loginuid\":0,\"tty\":0,\"cgroup\":\"/c1\",\"ancestors\":[{\"pid\":6,"         \
	"\"name\":\"sh\",\"exe\":\"/bin/sh\",\"cmdline\":[\"sh\"]}]},\"file\":{\"path\":"          \
	"\"/tmp/x\",\"inode\":5,\"device\":\"8:1\",\"mode\":\"0755\",\"owner\":{\"uid\":0,"        \
	"\"gid\":0},\"size\":3,\"old_path\":\"/tmp/y\",\"changed\":[\"mode\",\"setuid\"],"          \
	"\"written\":true,\"writer\":{\"pid\":8,\"tid\":8,\"ppid\":7,\"container_pid\":3,"          \
	"\"name\":\"cp\",\"exe\":\"/bin/cp\",\"cmdline\":[\"cp\"],\"cwd\":\"/\",\"uid\":9,"          \
	"\"gid\":9,\"loginuid\":null,\"tty\":0,\"cgroup\":\"/c1\",\"ancestors\":[],"              \
	"\"time\":\"2026-01-02T03:04:00.000000001Z\",\"origin\":\"inside\"}},"                    \
	"\"network\":{\"protocol\":\"tcp\",\"local\":\"10.0.0.9:40000\",\"remote\":"              \
	"\"[fd00::1]:443\",\"result\":\"ECONNREFUSED\",\"dual\":true,\"auto_port\":true}}"

static inline driftcore_event *drift_event(void)
{
	driftcore_event *event = NULL;

	NEED(driftcore_event_parse(DRIFT_EVENT, strlen(DRIFT_EVENT), &event, NULL) ==
	     DRIFTCORE_STATUS_OK);
	return event;
}

/* A new file in the upper layer of a container. */
static inline driftcore_evidence added_file(void)
{
	driftcore_evidence evidence = { 0 };

	evidence.size = sizeof(evidence);
	evidence.fs_magic = 0x794c7630;
	evidence.mode = 0100755;
	evidence.nlink = 1;
	evidence.inode.number = evidence.upper.number = 5;
	evidence.flags = DRIFTCORE_EVIDENCE_FLAG_ON_ROOT_SUPERBLOCK | DRIFTCORE_EVIDENCE_FLAG_ON_ROOT_MOUNT |
			 DRIFTCORE_EVIDENCE_FLAG_OVERLAY | DRIFTCORE_EVIDENCE_FLAG_UPPER_DATA |
			 DRIFTCORE_EVIDENCE_FLAG_LAYERS_KNOWN;
	return evidence;
}

static inline driftcore_classified *verdict_of(const driftcore_evidence *evidence)
{
	driftcore_classified *classified = NULL;

	NEED(driftcore_classify(evidence, "/tmp/x", 6, NULL, NULL, &classified, NULL) ==
	     DRIFTCORE_STATUS_OK);
	return classified;
}

/* The layers of a container on disk that has `new` and, with other content than its image, `both`. */
struct layers_on_disk {
	char root[32], upper[48], lower[48];
	const char *lowers[1];
};

static inline void file_on_disk(const char *directory, const char *name, const char *content)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	NEED(file && fputs(content, file) >= 0 && fclose(file) == 0);
}

static inline void layers_on_disk_make(struct layers_on_disk *disk)
{
	strcpy(disk->root, "/tmp/driftcore-scan-XXXXXX");
	NEED(mkdtemp(disk->root));
	snprintf(disk->upper, sizeof(disk->upper), "%s/upper", disk->root);
	snprintf(disk->lower, sizeof(disk->lower), "%s/lower", disk->root);
	NEED(mkdir(disk->upper, 0755) == 0 && mkdir(disk->lower, 0755) == 0);
	file_on_disk(disk->upper, "both", "after");
	file_on_disk(disk->lower, "both", "before");
	file_on_disk(disk->upper, "new", "#!/bin/sh\n");
	disk->lowers[0] = disk->lower;
}

/* A program of cargo's on both sides, of other versions. */
static inline void cargo_on_disk(struct layers_on_disk *disk)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/bin", disk->upper);
	NEED(mkdir(path, 0755) == 0);
	file_on_disk(path, "tool", "#!/bin/sh\n");
	file_on_disk(disk->upper, ".crates2.json", "{\"installs\":{\"tool 1.1.0 (x)\":{\"bins\":[\"tool\"]}}}");
	file_on_disk(disk->lower, ".crates2.json", "{\"installs\":{\"tool 1.0.0 (x)\":{\"bins\":[\"tool\"]}}}");
}

static inline void layers_on_disk_remove(struct layers_on_disk *disk)
{
	static const char *const files[] = {
		"upper/both", "lower/both", "upper/new", "upper/bin/tool", "upper/bin",
		"upper/.crates2.json", "lower/.crates2.json", "upper", "lower",
	};
	char path[64];

	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", disk->root, files[i]);
		remove(path);
	}
	remove(disk->root);
}

#endif
