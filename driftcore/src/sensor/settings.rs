//! What the probes are told: `struct dc_settings`.

use std::mem::offset_of;
use std::mem::size_of;

use driftcore_bpf::types::dc_settings;

use super::HookSet;
use super::SensorOptions;
use super::Wanted;
use super::calls;

/// The value of the `settings` map.
pub(super) fn bytes(wanted: &Wanted, options: SensorOptions, hooks: HookSet) -> Vec<u8> {
    let mut value = vec![0; size_of::<dc_settings>()];
    let mut put = |at: usize, number: u64| {
        if let Some(place) = value.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *place = number.to_ne_bytes();
        }
    };
    put(offset_of!(dc_settings, operations), wanted.operation_bits());
    put(offset_of!(dc_settings, sockets), wanted.socket_bits());
    put(offset_of!(dc_settings, mounts), wanted.mount_bits());
    put(offset_of!(dc_settings, budget_rate), options.budget_rate);
    put(offset_of!(dc_settings, budget_burst), options.budget_burst);
    for known in calls::known(&hooks.rest(wanted)) {
        let number = usize::from(known.number);
        let table = if known.compat {
            offset_of!(dc_settings, compat)
        } else {
            offset_of!(dc_settings, calls)
        };
        match value.get_mut(table + number) {
            Some(place) if *place == 0 => *place = known.class,
            _ => continue,
        }
        let at = offset_of!(dc_settings, native) + number * size_of::<u16>();
        if known.compat
            && let Some(place) = value.get_mut(at..).and_then(<[u8]>::first_chunk_mut)
        {
            *place = known.native.to_ne_bytes();
        }
    }
    value
}
