/*
 * What a C program pays: an alert through a callback, and events of its own against rules. The same
 * work as benches/benches/embed.rs, which writes the synthetic rules.
 *
 *   embed EVENT.json RULES.yaml
 *
 * Prints a line for each measurement: its name, a tab, and nanoseconds for one event, the median of
 * several runs. Counts are checked, so that nothing is measured that did not happen.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _POSIX_C_SOURCE 200809L

#include <driftcore.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS 9
#define RUN_NS 60000000.0
#define BATCH 64

static void die(const char *what, driftcore_error *error)
{
    driftcore_text message = driftcore_error_message(error);
    fprintf(stderr, "embed: %s: %.*s\n", what, (int)message.length, message.data ? message.data : "");
    exit(1);
}

#define MUST(call)                         \
    do {                                   \
        driftcore_error *error = NULL;     \
        if ((call) != DRIFTCORE_STATUS_OK) \
            die(#call, error);             \
    } while (0)

static double now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int ascending(const void *one, const void *other)
{
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

/* Prints the median of several runs of a step that handles `events` events. */
static void measure(const char *name, void (*step)(void *), void *with, double events)
{
    double runs[RUNS];
    unsigned long times = 1;
    for (;;) {
        double start = now_ns();
        for (unsigned long i = 0; i < times; i++)
            step(with);
        if (now_ns() - start >= RUN_NS)
            break;
        times *= 2;
    }
    for (int run = 0; run < RUNS; run++) {
        double start = now_ns();
        for (unsigned long i = 0; i < times; i++)
            step(with);
        runs[run] = (now_ns() - start) / (double)times / events;
    }
    qsort(runs, RUNS, sizeof runs[0], ascending);
    printf("%s\t%.1f\n", name, runs[RUNS / 2]);
}

static char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(1);
    }
    long size = ftell(file);
    rewind(file);
    char *text = malloc((size_t)size + 1);
    if (!text || fread(text, 1, (size_t)size, file) != (size_t)size) {
        perror(path);
        exit(1);
    }
    fclose(file);
    *length = (size_t)size;
    return text;
}

/* An alert through a callback. */

struct reported {
    driftcore_matcher *matcher;
    driftcore_event *event;
    unsigned long events, alerts;
    size_t read;
};

static void on_alert(void *context, const driftcore_alert *alert)
{
    struct reported *reported = context;
    driftcore_alert_info info = {.size = sizeof info};
    driftcore_file file = {.size = sizeof file};
    if (driftcore_alert_get(alert, &info, NULL) != DRIFTCORE_STATUS_OK)
        return;
    if (!driftcore_event_file(driftcore_alert_event(alert), &file))
        return;
    reported->read += info.rule.length + info.priority + file.path.length;
    reported->alerts++;
}

static void report(void *with)
{
    struct reported *reported = with;
    reported->events++;
    MUST(driftcore_matcher_event_alerts(reported->matcher, reported->event, on_alert, reported,
                                        &error));
}

/* Events of 15 fields. */

enum { TEXT, ADD, UNSIGNED, SIGNED, BOOL };

static const struct {
    const char *name;
    int kind;
    const char *text;
    uint64_t number;
} EXEC[] = {
    {"proc.name", TEXT, "payload", 0},
    {"proc.exe", TEXT, "/tmp/payload", 0},
    {"proc.exepath", TEXT, "/tmp/payload", 0},
    {"proc.cmdline", TEXT, "/tmp/payload --serve", 0},
    {"proc.cwd", TEXT, "/tmp/", 0},
    {"proc.pname", TEXT, "sh", 0},
    {"proc.aname", ADD, "sh", 0},
    {"proc.pid", SIGNED, NULL, 4711},
    {"proc.ppid", SIGNED, NULL, 4700},
    {"user.uid", UNSIGNED, NULL, 0},
    {"proc.tty", UNSIGNED, NULL, 0},
    {"container.id", TEXT, "3f2504e04f89", 0},
    {"container.image.repository", TEXT, "docker.io/library/nginx", 0},
    {"proc.is_exe_upper_layer", BOOL, NULL, 1},
    {"drift.verdict", TEXT, "added", 0},
};

#define FIELDS (sizeof EXEC / sizeof EXEC[0])

struct own {
    driftcore_field *fields[FIELDS];
    size_t lengths[FIELDS];
    driftcore_matcher *matcher;
    driftcore_flat_event *event;
    driftcore_flat_event *batch[BATCH];
    size_t matched, found;
};

static void fill_event(struct own *own, driftcore_flat_event *event)
{
    MUST(driftcore_flat_event_reset(event, NULL, &error));
    for (size_t i = 0; i < FIELDS; i++) {
        const driftcore_field *field = own->fields[i];
        switch (EXEC[i].kind) {
        case TEXT:
            MUST(driftcore_flat_event_set_text(event, field, EXEC[i].text, own->lengths[i], &error));
            break;
        case ADD:
            MUST(driftcore_flat_event_add_text(event, field, EXEC[i].text, own->lengths[i], &error));
            break;
        case UNSIGNED:
            MUST(driftcore_flat_event_set_unsigned(event, field, EXEC[i].number, &error));
            break;
        case BOOL:
            MUST(driftcore_flat_event_set_bool(event, field, (uint32_t)EXEC[i].number, &error));
            break;
        default:
            MUST(driftcore_flat_event_set_signed(event, field, (int64_t)EXEC[i].number, &error));
        }
    }
}

static void fill(void *with)
{
    struct own *own = with;
    fill_event(own, own->event);
}

static void match(void *with)
{
    struct own *own = with;
    size_t rules[4], found;
    MUST(driftcore_matcher_match(own->matcher, own->event, rules, 4, &found, &error));
    own->matched++;
    own->found += found;
}

static void fill_match(void *with)
{
    fill(with);
    match(with);
}

static void match_batch(void *with)
{
    struct own *own = with;
    driftcore_match matches[BATCH];
    size_t found;
    MUST(driftcore_matcher_match_batch(own->matcher, (const driftcore_flat_event *const *)own->batch,
                                       BATCH, matches, BATCH, &found, &error));
    own->matched += BATCH;
    own->found += found;
}

/* A matcher of the shipped rules, or of those in a file. */
static driftcore_matcher *matcher_of(const char *path)
{
    driftcore_sources *sources = driftcore_sources_new();
    driftcore_rules *rules;
    driftcore_matcher *matcher;
    if (path)
        MUST(driftcore_sources_add_path(sources, path, &error));
    else
        MUST(driftcore_sources_add_shipped(sources, &error));
    MUST(driftcore_rules_load(sources, NULL, &rules, NULL, &error));
    MUST(driftcore_matcher_new(rules, &matcher, &error));
    driftcore_rules_free(&rules);
    driftcore_sources_free(&sources);
    return matcher;
}

static void measure_own(const char *rules, const char *path)
{
    struct own own = {.matcher = matcher_of(path)};
    char name[64];
    for (size_t i = 0; i < FIELDS; i++) {
        MUST(driftcore_field_find(EXEC[i].name, &own.fields[i], &error));
        own.lengths[i] = EXEC[i].text ? strlen(EXEC[i].text) : 0;
    }
    MUST(driftcore_flat_event_new("execve", &own.event, &error));
    for (size_t i = 0; i < BATCH; i++) {
        MUST(driftcore_flat_event_new("execve", &own.batch[i], &error));
        fill_event(&own, own.batch[i]);
    }
    if (!path)
        measure("fill", fill, &own, 1);
    snprintf(name, sizeof name, "fill_match/%s", rules);
    measure(name, fill_match, &own, 1);
    snprintf(name, sizeof name, "match/%s", rules);
    measure(name, match, &own, 1);
    snprintf(name, sizeof name, "match_batch/%s", rules);
    measure(name, match_batch, &own, BATCH);
    /* The file was dropped: one of the shipped rules says so, and none of the others. */
    if (own.found != (path ? 0 : own.matched))
        die("the events did not match as they should", NULL);
    for (size_t i = 0; i < FIELDS; i++)
        driftcore_field_free(&own.fields[i]);
    for (size_t i = 0; i < BATCH; i++)
        driftcore_flat_event_free(&own.batch[i]);
    driftcore_flat_event_free(&own.event);
    driftcore_matcher_free(&own.matcher);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: embed EVENT.json RULES.yaml\n");
        return 2;
    }
    size_t length;
    char *json = read_file(argv[1], &length);
    struct reported reported = {.matcher = matcher_of(NULL)};
    MUST(driftcore_event_parse(json, length, &reported.event, &error));
    measure("alert", report, &reported, 1);
    if (reported.alerts != reported.events || reported.read == 0)
        die("an event without an alert", NULL);
    driftcore_event_free(&reported.event);
    driftcore_matcher_free(&reported.matcher);
    free(json);

    measure_own("shipped", NULL);
    measure_own("synthetic", argv[2]);
    return 0;
}
