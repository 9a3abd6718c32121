/* What Go needs beside the ABI: outcomes by value, which cost no allocation, and callbacks. */

#ifndef DRIFTCORE_GO_BRIDGE_H
#define DRIFTCORE_GO_BRIDGE_H

#include <driftcore.h>

/* What became of a call; the error is the caller's. */
typedef struct outcome {
    driftcore_error *error;
    size_t found;
    driftcore_status status;
} outcome;

/* The body of a function: calls one that takes `driftcore_error **` last. */
#define OUTCOME(function, ...)                                                                     \
    outcome result = {NULL, 0, DRIFTCORE_STATUS_OK};                                               \
    result.status = function(__VA_ARGS__, &result.error);                                          \
    return result

/* The calls that call back. The context is the number of a Go handle. (Objects are numbers where
 * every event comes by: cgo allocates to check a pointer to what it does not know.) */
outcome bridge_engine_new(const driftcore_options *options, const driftcore_rules *rules,
                          uintptr_t context, int events, int alerts, driftcore_engine **engine);
outcome bridge_alerts(uintptr_t matcher, uintptr_t flat_event, uintptr_t context);
outcome bridge_event_alerts(uintptr_t matcher, uintptr_t event, uintptr_t context);

/* Scans, and hands to Go what is found. */
outcome bridge_scan_run(const driftcore_scan *scan, uintptr_t context,
                        driftcore_scan_summary *summary);

/* Holds pods or a container to the Pod Security Standards, and hands to Go what is found. */
outcome bridge_posture_pods(const char *json, size_t length, uintptr_t context,
                            driftcore_posture_summary *summary);
outcome bridge_posture_container(const char *container, const driftcore_options *options,
                                 uintptr_t context);

/* Verifies images, and hands to Go what is found. */
outcome bridge_verifier_pods(const driftcore_verifier *verifier, const char *json, size_t length,
                             uintptr_t context, driftcore_verify_summary *summary);
outcome bridge_verifier_containers(const driftcore_verifier *verifier,
                                   const driftcore_options *options, uintptr_t context,
                                   driftcore_verify_summary *summary);

/* Hands exceptions to Go. */
outcome bridge_engine_exceptions(const driftcore_engine *engine, uintptr_t context);
outcome bridge_judge_exceptions(const driftcore_judge *judge, uintptr_t context);

/* Sends messages to Go, up to a level. */
outcome bridge_log_set(uint32_t level);

/* Whether this thread is within a callback of that context. */
int bridge_in_callback(uintptr_t context);

#endif
