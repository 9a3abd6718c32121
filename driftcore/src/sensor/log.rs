//! What libbpf says.

use libbpf_rs::PrintLevel;

/// Hands libbpf's messages to `tracing`, target `libbpf`, instead of to standard error. For the
/// whole process: also those about programs that others load with the same libbpf.
pub fn log_libbpf() {
    libbpf_rs::set_print(Some((PrintLevel::Debug, record)));
}

fn record(level: PrintLevel, message: String) {
    let message = message.trim_end();
    match level {
        PrintLevel::Warn => tracing::warn!(target: "libbpf", "{message}"),
        PrintLevel::Info => tracing::info!(target: "libbpf", "{message}"),
        PrintLevel::Debug => tracing::trace!(target: "libbpf", "{message}"),
    }
}

/// Runs something that libbpf may say much about and that may well fail, without what it says.
pub(super) fn quietly<T>(run: impl FnOnce() -> T) -> T {
    let before = libbpf_rs::set_print(None);
    let result = run();
    libbpf_rs::set_print(before);
    result
}
