//! What it takes to hold many pods, as `kubectl get pods --all-namespaces -o json` prints them, against approved
//! digests and against the Pod Security Standards.

use std::fmt::Write as _;
use std::fs;
use std::fs::File;
use std::io::BufWriter;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitCode;
use std::process::Stdio;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use clap::Args;
use driftcore_e2e::driftd_binary;
use rustix::process::Pid;
use rustix::process::WaitId;
use rustix::process::WaitIdOptions;
use rustix::process::waitid;
use serde_json::Value;
use serde_json::json;

use super::proc;

/// Containers of each pod.
const CONTAINERS: usize = 3;
/// Images that they are made of.
const IMAGES: usize = 1_000;
/// Between two looks at the memory of what is measured.
const STEP: Duration = Duration::from_millis(1);

/// Options of the measurement.
#[derive(Debug, Args)]
pub(crate) struct Pods {
    /// Numbers of pods.
    #[arg(long, value_delimiter = ',', default_value = "5000,50000")]
    pods: Vec<usize>,
}

/// Measures, and prints a table.
pub(crate) fn pods(options: &Pods) -> Result<ExitCode> {
    let driftd = driftd_binary()?;
    let directory = Scratch::new()?;
    let approved = directory.0.join("approved.txt");
    fs::write(&approved, (0..IMAGES).map(|it| reference(it) + "\n").collect::<String>())?;
    println!("{}", super::machine("pods"));
    let mut table = String::from(
        "| pods | containers | JSON | command | processor time | elapsed | peak, resident |\n\
         | ---: | ---: | ---: | --- | ---: | ---: | ---: |\n",
    );
    for &count in &options.pods {
        let list = directory.0.join("pods.json");
        write_list(&list, count).with_context(|| list.display().to_string())?;
        let size = fs::metadata(&list)?.len();
        let mut verify = Command::new(&driftd);
        verify.arg("verify").arg("--approved").arg(&approved);
        let mut posture = Command::new(&driftd);
        posture.arg("posture");
        for (name, command) in [("verify", &mut verify), ("posture", &mut posture)] {
            let cost = measure(command.arg("--pods").arg(&list))?;
            writeln!(
                table,
                "| {count} | {} | {} MB | `driftd {name}` | {:.1} s | {:.1} s | {:.1} MB |",
                count * CONTAINERS,
                size / 1_000_000,
                cost.busy.as_secs_f64(),
                cost.elapsed.as_secs_f64(),
                cost.peak_kib as f64 * 1024.0 / 1e6,
            )?;
        }
    }
    println!("\n{table}");
    Ok(ExitCode::SUCCESS)
}

/// What a program took.
struct Cost {
    busy: Duration,
    elapsed: Duration,
    peak_kib: u64,
}

fn measure(command: &mut Command) -> Result<Cost> {
    let begin = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().context("driftd")?;
    let mut peak_kib = 0;
    while !has_ended(&child)? {
        if let Ok(memory) = proc::memory(child.id()) {
            peak_kib = peak_kib.max(memory.peak_kib);
        }
        thread::sleep(STEP);
    }
    let elapsed = begin.elapsed();
    // It is told of until it is waited for.
    let busy = proc::busy(child.id())?;
    let ended = child.wait()?;
    ensure!(ended.success(), "{command:?} ended with {ended}");
    Ok(Cost { busy, elapsed, peak_kib })
}

/// Whether it has ended, without taking it away.
fn has_ended(child: &Child) -> Result<bool> {
    let pid = Pid::from_child(child);
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(waitid(WaitId::Pid(pid), options)?.is_some())
}

fn digest(number: usize) -> String {
    format!("sha256:{number:064x}")
}

fn reference(number: usize) -> String {
    format!("registry.example/shop/app-{number}@{}", digest(number))
}

fn write_list(path: &Path, pods: usize) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(b"{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n")?;
    for number in 0..pods {
        if number > 0 {
            file.write_all(b",\n")?;
        }
        serde_json::to_writer_pretty(&mut file, &pod(number))?;
    }
    file.write_all(b"\n    ],\n    \"kind\": \"List\"\n}\n")?;
    Ok(file.into_inner()?.sync_data()?)
}

/// A pod as the API server has it: restricted, with what schedulers, controllers and the kubelet add.
fn pod(number: usize) -> Value {
    let name = format!("web-{:x}-{number:05}", number % 97);
    let image = |place: usize| (number * CONTAINERS + place) % IMAGES;
    let security = json!({
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": true,
        "runAsNonRoot": true,
    });
    let containers = (0..CONTAINERS).map(|place| {
        json!({
            "name": format!("c{place}"),
            "image": reference(image(place)),
            "imagePullPolicy": "IfNotPresent",
            "args": ["serve", "--config", "/etc/app/config.yaml"],
            "env": [
                {"name": "LEVEL", "value": "info"},
                {"name": "POD", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
                {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "app", "key": "token"}}},
            ],
            "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10},
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http", "scheme": "HTTP"}, "periodSeconds": 5},
            "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
            "securityContext": security,
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "volumeMounts": [
                {"mountPath": "/etc/app", "name": "config", "readOnly": true},
                {"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "token", "readOnly": true},
            ],
        })
    });
    let statuses = (0..CONTAINERS).map(|place| {
        json!({
            "containerID": format!("containerd://{:064x}", number * CONTAINERS + place),
            "image": reference(image(place)),
            "imageID": reference(image(place)),
            "lastState": {},
            "name": format!("c{place}"),
            "ready": true,
            "restartCount": 0,
            "started": true,
            "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
        })
    });
    let condition = |kind: &str| {
        json!({
            "lastProbeTime": null, "lastTransitionTime": "2026-01-01T00:00:00Z", "status": "True", "type": kind,
        })
    };
    let conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map(condition);
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "generateName": "web-",
            "labels": {"app.kubernetes.io/name": "web", "pod-template-hash": "5d4f8c7b9"},
            "name": name,
            "namespace": format!("team-{}", number % 50),
            "ownerReferences": [{
                "apiVersion": "apps/v1", "blockOwnerDeletion": true, "controller": true, "kind": "ReplicaSet",
                "name": "web-5d4f8c7b9", "uid": "6f1f2f0e-0000-4000-8000-000000000000",
            }],
            "resourceVersion": format!("{number}"),
            "uid": format!("{number:08x}-0000-4000-8000-000000000000"),
        },
        "spec": {
            "containers": containers.collect::<Vec<_>>(),
            "dnsPolicy": "ClusterFirst",
            "enableServiceLinks": true,
            "nodeName": format!("node-{}", number % 1000),
            "restartPolicy": "Always",
            "securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
            "serviceAccountName": "default",
            "tolerations": [{
                "effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300,
            }],
            "volumes": [
                {"configMap": {"defaultMode": 420, "name": "app"}, "name": "config"},
                {"name": "token", "projected": {"defaultMode": 420, "sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                    {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
                ]}},
            ],
        },
        "status": {
            "conditions": conditions,
            "containerStatuses": statuses.collect::<Vec<_>>(),
            "hostIP": "192.0.2.1",
            "phase": "Running",
            "podIP": "198.51.100.1",
            "podIPs": [{"ip": "198.51.100.1"}],
            "qosClass": "Burstable",
            "startTime": "2026-01-01T00:00:00Z",
        },
    })
}

/// A directory that goes with the measurement.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("driftcore-pods-{}", std::process::id()));
        fs::create_dir(&path).with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
