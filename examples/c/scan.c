/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has a container become, against its image?
 *
 *     scan [-t] [-j] [-n MOST] [-o NAME=VALUE]... CONTAINER
 *     scan [-t] [-j] [-n MOST] [-o NAME=VALUE]... UPPER LOWER...
 *
 * -t: times count too. -j: JSON, a line each. -n: ends after so many entries. What changed of packages
 * comes last. The status is 1 when something differs, 2 when there is no answer.
 */
#define _POSIX_C_SOURCE 200809L

#include <driftcore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct output {
    unsigned long most, told;
    int json;
};

/* Names come from the container: what a terminal would obey is written out. */
static void print(driftcore_text text)
{
    for (size_t at = 0; at < text.length; at++) {
        unsigned char byte = (unsigned char)text.data[at];

        if (byte < 0x20 || byte >= 0x7f || byte == '\\')
            printf("\\x%02x", byte);
        else
            putchar(byte);
    }
}

static uint32_t on_entry(void *context, const driftcore_entry *entry)
{
    struct output *output = context;
    driftcore_entry_info info = {.size = sizeof info};
    driftcore_file_state after = {.size = sizeof after};
    driftcore_owner owner = {.size = sizeof owner};

    if (output->json) {
        driftcore_text json = driftcore_entry_json(entry);

        printf("%.*s\n", (int)json.length, json.data);
    } else if (driftcore_entry_get(entry, &info, NULL) == DRIFTCORE_STATUS_OK) {
        printf("%-10s ", driftcore_entry_kind_name(info.kind));
        print(info.path);
        if (info.old_path.data) {
            printf(" from ");
            print(info.old_path);
        }
        if (driftcore_entry_state(entry, DRIFTCORE_SIDE_AFTER, &after) && after.sha256.data)
            printf(" %.*s", (int)after.sha256.length, after.sha256.data);
        if (driftcore_entry_owner(entry, &owner)) {
            printf(" of ");
            print(owner.name);
            if (owner.as_packaged == DRIFTCORE_ANSWER_NO)
                printf(", not as packaged");
        }
        if (info.is_noise)
            printf(" (noise)");
        putchar('\n');
    }
    /* Anything but 0 ends the scan. */
    return ++output->told == output->most;
}

static uint32_t on_package(void *context, const driftcore_changed_package *package)
{
    struct output *output = context;

    if (output->json)
        return 0;
    printf("%-10s package ", driftcore_package_change_name(package->change));
    print(package->name);
    if (package->old_version.data) {
        putchar(' ');
        print(package->old_version);
    }
    if (package->version.data) {
        printf(" -> ");
        print(package->version);
    }
    printf(" (%.*s, %llu files)\n", (int)package->manager.length, package->manager.data,
           (unsigned long long)package->files);
    return 0;
}

static uint32_t on_database(void *context, const driftcore_package_database *database)
{
    (void)context;
    if (database->is_forged) {
        fprintf(stderr, "scan: %.*s changed without a trace of its manager\n",
                (int)database->place.length, database->place.data);
    }
    return 0;
}

static uint32_t on_problem(void *context, const driftcore_problem *problem)
{
    (void)context;
    fprintf(stderr, "scan: %.*s: %.*s\n", (int)problem->path.length, problem->path.data,
            (int)problem->reason.length, problem->reason.data);
    return 0;
}

static int fail(driftcore_error **error)
{
    driftcore_text message = driftcore_error_message(*error);

    fprintf(stderr, "scan: %.*s\n", (int)message.length, message.data);
    driftcore_error_free(error);
    return 2;
}

static int set(driftcore_options *options, char *assignment)
{
    driftcore_error *error = NULL;
    char *value = strchr(assignment, '=');

    if (!value) {
        fprintf(stderr, "scan: no NAME=VALUE: %s\n", assignment);
        return 2;
    }
    *value++ = 0;
    return driftcore_options_set(options, assignment, value, &error) ? fail(&error) : 0;
}

int main(int argc, char **argv)
{
    struct output output = {0};
    driftcore_scan_callbacks callbacks = {
        .size = sizeof callbacks,
        .context = &output,
        .entry = on_entry,
        .problem = on_problem,
        .package = on_package,
        .database = on_database,
    };
    driftcore_scan_summary summary = {.size = sizeof summary};
    driftcore_options *options = driftcore_options_new();
    driftcore_scan *scan = NULL;
    driftcore_error *error = NULL;
    driftcore_status status;
    int option, result = 0;

    while (!result && (option = getopt(argc, argv, "tjn:o:")) != -1) {
        char times[] = "scan.times=true";

        switch (option) {
        case 't': result = set(options, times); break;
        case 'j': output.json = 1; break;
        case 'n': output.most = strtoul(optarg, NULL, 10); break;
        case 'o': result = set(options, optarg); break;
        default: result = 2;
        }
    }
    if (!result && optind == argc) {
        fprintf(stderr, "usage: scan [-t] [-j] [-n MOST] [-o NAME=VALUE]... CONTAINER | UPPER LOWER...\n");
        result = 2;
    }
    if (!result) {
        const char *const *names = (const char *const *)argv + optind;
        size_t count = (size_t)(argc - optind);

        status = count == 1
                     ? driftcore_scan_container(names[0], options, &scan, &error)
                     : driftcore_scan_directories(names[0], names + 1, count - 1, options, &scan, &error);
        if (!status)
            status = driftcore_scan_run(scan, &callbacks, &summary, &error);
        if (status) {
            result = fail(&error);
        } else {
            fprintf(stderr, "scan: %llu entries, %llu drift, %llu packages, %llu problems%s\n",
                    (unsigned long long)summary.entries, (unsigned long long)summary.drift,
                    (unsigned long long)summary.packages, (unsigned long long)summary.problems,
                    summary.stopped ? ", ended early" : "");
            result = summary.drift ? 1 : summary.problems ? 2 : 0;
        }
    }
    driftcore_scan_free(&scan);
    driftcore_options_free(&options);
    return result;
}
