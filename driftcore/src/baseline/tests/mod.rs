//! Baselines and exceptions as a whole, and the events that they are tried with.

mod exceptions;
mod judged;
#[cfg(feature = "sensor")]
mod normality;
mod whole;

use super::*;
use crate::event::Action;
use crate::event::Changed;
use crate::event::ConfigItem;
use crate::event::Container;
use crate::event::DriftEvent;
use crate::event::Evidence;
use crate::event::File;
use crate::event::Kind;
use crate::event::Network;
use crate::event::Package;
use crate::event::Protocol;
use crate::event::Provenance;
use crate::event::Text;
use crate::event::Timestamp;
use crate::event::Verdict;

fn digest(byte: u8) -> String {
    format!("{byte:02x}").repeat(32)
}

fn container(image: u8) -> Container {
    Container {
        image: Some(format!("registry.example/app:{image}")),
        image_digest: Some(format!("sha256:{}", digest(image))),
        labels: [("app".to_owned(), format!("app-{}", image % 2))].into(),
        ..Container::default()
    }
}

fn event(kind: Kind, action: Action) -> DriftEvent {
    let mut event = DriftEvent::new(Timestamp::from_nanos(1_000_000_000), kind, action);
    event.container = Some(container(1));
    event
}

fn runs(path: &str, verdict: Verdict, sha256: Option<String>) -> DriftEvent {
    let mut event = event(Kind::Binary, Action::Exec);
    event.drift = verdict.is_drift_for_code();
    event.provenance = Some(Provenance::new(verdict, Evidence::Kernel, "test"));
    event.file = Some(File { path: Text::from(path), sha256, ..File::default() });
    event
}

fn changes(
    action: Action,
    path: &[u8],
    old_path: Option<&[u8]>,
    changed: &[Changed],
) -> DriftEvent {
    let mut event = event(Kind::File, action);
    event.drift = true;
    event.file = Some(File {
        path: Text::from(path),
        old_path: old_path.map(Text::from),
        changed: changed.to_vec(),
        ..File::default()
    });
    event
}

fn creates(path: &str) -> DriftEvent {
    changes(Action::Create, path.as_bytes(), None, &[])
}

fn socket(action: Action, protocol: Protocol, local: &str, remote: Option<&str>) -> DriftEvent {
    let mut event = event(Kind::Network, action);
    event.network = Some(Network {
        protocol,
        local: Text::from(local),
        remote: remote.map(Text::from),
        result: "ok".to_owned(),
        dual: false,
        auto_port: false,
    });
    event
}

fn listens(local: &str) -> DriftEvent {
    socket(Action::Listen, Protocol::Tcp, local, None)
}

fn reaches(remote: &str) -> DriftEvent {
    socket(Action::Connect, Protocol::Tcp, "10.0.0.9:40000", Some(remote))
}

fn package(action: Action, manager: &str, name: &str) -> DriftEvent {
    let mut event = event(Kind::Package, action);
    event.drift = true;
    event.package =
        Some(Package { manager: manager.to_owned(), name: Text::from(name), ..Package::default() });
    event
}

fn configured(action: Action, item: &str, live: Option<&str>) -> DriftEvent {
    let mut event = event(Kind::Config, action);
    event.drift = true;
    let live = live.map(Text::from);
    event.config = Some(ConfigItem { item: Text::from(item), live, ..ConfigItem::default() });
    event
}

fn chosen(protocol: Protocol) -> DriftEvent {
    let mut event = socket(Action::Bind, protocol, "0.0.0.0:45678", None);
    if let Some(network) = &mut event.network {
        network.auto_port = true;
    }
    event
}
