#include "bridge.h"

#include "_cgo_export.h"

/* The callbacks that this thread is within, the innermost first: a handler may run another engine. */
typedef struct frame {
    uintptr_t context;
    struct frame *outer;
} frame;

static _Thread_local frame *within;

int bridge_in_callback(uintptr_t context) {
    for (const frame *each = within; each; each = each->outer) {
        if (each->context == context) {
            return 1;
        }
    }
    return 0;
}

static void on_event(void *context, const driftcore_event *event) {
    frame here = {(uintptr_t)context, within};
    driftcore_event_info info = {.size = sizeof info};
    driftcore_event_get(event, &info, NULL);
    within = &here;
    driftcoreGoEvent(here.context, (driftcore_event *)event, &info);
    within = here.outer;
}

static void on_alert(void *context, const driftcore_alert *alert) {
    frame here = {(uintptr_t)context, within};
    driftcore_alert_info info = {.size = sizeof info};
    driftcore_alert_get(alert, &info, NULL);
    within = &here;
    driftcoreGoAlert(here.context, (driftcore_alert *)alert, &info);
    within = here.outer;
}

outcome bridge_engine_new(const driftcore_options *options, const driftcore_rules *rules,
                          uintptr_t context, int events, int alerts, driftcore_engine **engine) {
    driftcore_callbacks callbacks = {
        .size = sizeof callbacks,
        .context = (void *)context,
        .event = events ? on_event : NULL,
        .alert = alerts ? on_alert : NULL,
    };
    OUTCOME(driftcore_engine_new, options, rules, &callbacks, engine);
}

outcome bridge_alerts(uintptr_t matcher, uintptr_t flat_event, uintptr_t context) {
    OUTCOME(driftcore_matcher_alerts, (driftcore_matcher *)matcher,
            (const driftcore_flat_event *)flat_event, on_alert, (void *)context);
}

outcome bridge_event_alerts(uintptr_t matcher, uintptr_t event, uintptr_t context) {
    OUTCOME(driftcore_matcher_event_alerts, (driftcore_matcher *)matcher,
            (const driftcore_event *)event, on_alert, (void *)context);
}

static void on_message(void *context, uint32_t level, driftcore_text target,
                       driftcore_text message) {
    (void)context;
    driftcoreGoLog(level, &target, &message);
}

outcome bridge_log_set(uint32_t level) { OUTCOME(driftcore_log_set, on_message, NULL, level); }

static uint32_t on_entry(void *context, const driftcore_entry *entry) {
    driftcore_entry_info info = {.size = sizeof info};
    driftcore_entry_get(entry, &info, NULL);
    return driftcoreGoEntry((uintptr_t)context, (driftcore_entry *)entry, &info);
}

static uint32_t on_problem(void *context, const driftcore_problem *problem) {
    return driftcoreGoProblem((uintptr_t)context, (driftcore_problem *)problem);
}

static uint32_t on_progress(void *context, uint64_t names, uint64_t bytes) {
    (void)names;
    (void)bytes;
    return driftcoreGoProgress((uintptr_t)context);
}

static uint32_t on_package(void *context, const driftcore_changed_package *package) {
    return driftcoreGoPackage((uintptr_t)context, (driftcore_changed_package *)package);
}

static uint32_t on_database(void *context, const driftcore_package_database *database) {
    return driftcoreGoDatabase((uintptr_t)context, (driftcore_package_database *)database);
}

outcome bridge_scan_run(const driftcore_scan *scan, uintptr_t context,
                        driftcore_scan_summary *summary) {
    driftcore_scan_callbacks callbacks = {
        .size = sizeof callbacks,
        .context = (void *)context,
        .entry = on_entry,
        .problem = on_problem,
        .progress = on_progress,
        .package = on_package,
        .database = on_database,
    };
    summary->size = sizeof *summary;
    OUTCOME(driftcore_scan_run, scan, &callbacks, summary);
}

static uint32_t on_posture(void *context, const driftcore_posture *posture) {
    return driftcoreGoPosture((uintptr_t)context, (driftcore_posture *)posture);
}

outcome bridge_posture_pods(const char *json, size_t length, uintptr_t context,
                            driftcore_posture_summary *summary) {
    summary->size = sizeof *summary;
    OUTCOME(driftcore_posture_pods, json, length, on_posture, (void *)context, summary);
}

outcome bridge_posture_container(const char *container, const driftcore_options *options,
                                 uintptr_t context) {
    OUTCOME(driftcore_posture_container, container, options, on_posture, (void *)context);
}

static uint32_t on_verified(void *context, const driftcore_verified *verified) {
    return driftcoreGoVerified((uintptr_t)context, (driftcore_verified *)verified);
}

outcome bridge_verifier_pods(const driftcore_verifier *verifier, const char *json, size_t length,
                             uintptr_t context, driftcore_verify_summary *summary) {
    summary->size = sizeof *summary;
    OUTCOME(driftcore_verifier_pods, verifier, json, length, on_verified, (void *)context, summary);
}

outcome bridge_verifier_containers(const driftcore_verifier *verifier,
                                   const driftcore_options *options, uintptr_t context,
                                   driftcore_verify_summary *summary) {
    summary->size = sizeof *summary;
    OUTCOME(driftcore_verifier_containers, verifier, options, on_verified, (void *)context,
            summary);
}

static void on_exception(void *context, const driftcore_exception *exception) {
    driftcoreGoException((uintptr_t)context, (driftcore_exception *)exception);
}

outcome bridge_engine_exceptions(const driftcore_engine *engine, uintptr_t context) {
    OUTCOME(driftcore_engine_exceptions, engine, on_exception, (void *)context);
}

outcome bridge_judge_exceptions(const driftcore_judge *judge, uintptr_t context) {
    OUTCOME(driftcore_judge_exceptions, judge, on_exception, (void *)context);
}
