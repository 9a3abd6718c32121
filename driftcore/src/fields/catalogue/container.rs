//! `container.*` and `k8s.*`, as Falco's `container` plugin defines them.

use crate::fields::ArgumentKind::Key;
use crate::fields::Field;
use crate::fields::FieldType::Bool;
use crate::fields::FieldType::Duration;
use crate::fields::FieldType::Text;
use crate::fields::FieldType::Time;

const POD: &str = "pod metadata";
/// Falco keeps the names of what it filled once; rules that use them still load.
const PROBES: &str = "Falco gave it up too";
const CLUSTER: &str = "it is the cluster's, which no node knows; Falco gave it up too";

#[rustfmt::skip]
pub(super) const CONTAINER: &[Field] = &[
    Field::new("container.cni.json", Text, "The result of the container's network plugin, as JSON.").needs(POD),
    Field::new("container.duration", Duration, "Nanoseconds since the container was started."),
    Field::new("container.full_id", Text, "The container's id, whole."),
    Field::new("container.healthcheck", Text, "The container's health check, or NONE.").never(PROBES),
    Field::new("container.host_ipc", Bool, "Whether the container shares the host's IPC namespace."),
    Field::new("container.host_network", Bool, "Whether the container shares the host's network namespace."),
    Field::new("container.host_pid", Bool, "Whether the container shares the host's pid namespace."),
    Field::new("container.id", Text, "The first 12 characters of the container's id, or `host`."),
    Field::new("container.image", Text, "The container's image as its runtime names it."),
    Field::new("container.image.digest", Text, "The digest of the image's manifest."),
    Field::new("container.image.id", Text, "The digest of the image's configuration."),
    Field::new("container.image.repository", Text, "The image's repository, without tag and digest."),
    Field::new("container.image.tag", Text, "The image's tag."),
    Field::new("container.ip", Text, "The container's IP address, where its runtime writes it down (Docker)."),
    Field::new("container.label", Text, "The value of one of the container's labels.").argument(Key).dotted(),
    Field::new("container.labels", Text, "The container's labels as `key:value`, joined by commas."),
    Field::new("container.liveness_probe", Text, "The container's liveness probe, or NONE.").never(PROBES),
    Field::new("container.mount", Text, "One mount of the container, by number or by source (`*` and `?` match).").argument(Key),
    Field::new("container.mount.dest", Text, "Where a mount stands in the container, by number or by source (`*` and `?` match).").argument(Key),
    Field::new("container.mount.mode", Text, "The mode of a mount, by number or by source (`*` and `?` match).").argument(Key),
    Field::new("container.mount.propagation", Text, "The propagation of a mount, by number or by source (`*` and `?` match).").argument(Key),
    Field::new("container.mount.rdwr", Text, "Whether a mount may be written, by number or by source (`*` and `?` match).").argument(Key),
    Field::new("container.mount.source", Text, "What a mount shows, by number or by destination (`*` and `?` match).").argument(Key),
    Field::new("container.mounts", Text, "The container's mounts as `source:dest:mode:rdwr:propagation`, joined by commas."),
    Field::new("container.name", Text, "The container's name."),
    Field::new("container.privileged", Bool, "Whether the container is privileged."),
    Field::new("container.readiness_probe", Text, "The container's readiness probe, or NONE.").never(PROBES),
    Field::new("container.start_ts", Time, "When the container was started, in nanoseconds since the epoch."),
    Field::new("container.type", Text, "The container's runtime, e.g. `docker`."),
];

#[rustfmt::skip]
pub(super) const KUBERNETES: &[Field] = &[
    Field::new("k8s.deployment.id", Text, "The id of the pod's deployment.").never(CLUSTER),
    Field::new("k8s.deployment.label", Text, "The value of a label of the pod's deployment.").argument(Key).dotted().never(CLUSTER),
    Field::new("k8s.deployment.labels", Text, "The labels of the pod's deployment.").never(CLUSTER),
    Field::new("k8s.deployment.name", Text, "The name of the pod's deployment.").never(CLUSTER),
    Field::new("k8s.ns.id", Text, "The id of the pod's namespace.").never(CLUSTER),
    Field::new("k8s.ns.label", Text, "The value of a label of the pod's namespace.").argument(Key).dotted().never(CLUSTER),
    Field::new("k8s.ns.labels", Text, "The labels of the pod's namespace.").never(CLUSTER),
    Field::new("k8s.ns.name", Text, "The pod's namespace."),
    Field::new("k8s.pod.cni.json", Text, "The result of the pod's network plugin, as JSON.").needs(POD),
    Field::new("k8s.pod.full_sandbox_id", Text, "The id of the pod's sandbox, whole.").needs(POD),
    Field::new("k8s.pod.id", Text, "The pod's unique id (an older name of `k8s.pod.uid`).").needs(POD),
    Field::new("k8s.pod.ip", Text, "The pod's IP address.").needs(POD),
    Field::new("k8s.pod.label", Text, "The value of one of the pod's labels.").argument(Key).dotted().needs(POD),
    Field::new("k8s.pod.labels", Text, "The pod's labels as `key:value`, joined by commas.").needs(POD),
    Field::new("k8s.pod.name", Text, "The pod's name."),
    Field::new("k8s.pod.sandbox_id", Text, "The first 12 characters of the id of the pod's sandbox.").needs(POD),
    Field::new("k8s.pod.uid", Text, "The pod's unique id.").needs(POD),
    Field::new("k8s.rc.id", Text, "The id of the pod's replication controller.").never(CLUSTER),
    Field::new("k8s.rc.label", Text, "The value of a label of the pod's replication controller.").argument(Key).dotted().never(CLUSTER),
    Field::new("k8s.rc.labels", Text, "The labels of the pod's replication controller.").never(CLUSTER),
    Field::new("k8s.rc.name", Text, "The name of the pod's replication controller.").never(CLUSTER),
    Field::new("k8s.rs.id", Text, "The id of the pod's replica set.").never(CLUSTER),
    Field::new("k8s.rs.label", Text, "The value of a label of the pod's replica set.").argument(Key).dotted().never(CLUSTER),
    Field::new("k8s.rs.labels", Text, "The labels of the pod's replica set.").never(CLUSTER),
    Field::new("k8s.rs.name", Text, "The name of the pod's replica set.").never(CLUSTER),
    Field::new("k8s.svc.id", Text, "The id of the pod's service.").never(CLUSTER),
    Field::new("k8s.svc.label", Text, "The value of a label of the pod's service.").argument(Key).dotted().never(CLUSTER),
    Field::new("k8s.svc.labels", Text, "The labels of the pod's service.").never(CLUSTER),
    Field::new("k8s.svc.name", Text, "The name of the pod's service.").never(CLUSTER),
];
