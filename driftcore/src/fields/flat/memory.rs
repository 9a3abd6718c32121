//! The slots of all fields, which stay when the event is used again.

use std::collections::BTreeMap;

use super::slot::Slot;
use crate::fields::CATALOGUE;
use crate::fields::FieldId;
use crate::fields::FieldRef;

/// So many slots of fields with an argument may lie idle, or as many as are in use, before they are
/// given back. Keys may be any text (`proc.env[...]`): without a bound their slots would pile up
/// from event to event.
const IDLE: usize = 256;

#[derive(Clone, Debug)]
pub(super) struct Memory {
    /// Counts the events that this one was. 64 bits: they do not come round.
    life: u64,
    /// Of fields without an argument.
    slots: Vec<Slot>,
    /// By the index of the field: where its slot is in `slots`, counted from 1; 0 for nowhere.
    places: Vec<u16>,
    /// Of fields with an argument; few, where there are any.
    with_argument: BTreeMap<FieldRef, Slot>,
    /// How many of those were left when idle ones were last given back.
    left: usize,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            life: 1,
            slots: Vec::new(),
            places: vec![0; CATALOGUE.len()],
            with_argument: BTreeMap::new(),
            left: 0,
        }
    }

    /// Forgets all values.
    pub(super) fn clear(&mut self) {
        self.life += 1;
    }

    /// Whether the field has a slot, filled or not.
    pub(super) fn knows(&self, field: &FieldRef) -> bool {
        match field.argument {
            None => self.places.get(field.id.index()).is_some_and(|place| *place != 0),
            Some(_) => self.with_argument.contains_key(field),
        }
    }

    /// The slot of a field without an argument, if it is filled.
    pub(super) fn plain(&self, id: FieldId) -> Option<&Slot> {
        let place = usize::from(*self.places.get(id.index())?);
        self.slots.get(place.checked_sub(1)?).filter(|slot| slot.is_filled(self.life))
    }

    /// The slot of any field, if it is filled.
    pub(super) fn get(&self, field: &FieldRef) -> Option<&Slot> {
        match field.argument {
            None => self.plain(field.id),
            Some(_) => self.with_argument.get(field).filter(|slot| slot.is_filled(self.life)),
        }
    }

    /// Fields with an argument that have a value.
    pub(super) fn with_argument(&self) -> impl Iterator<Item = &FieldRef> {
        let filled = self.with_argument.iter().filter(|(_, slot)| slot.is_filled(self.life));
        filled.map(|(field, _)| field)
    }

    /// Fills a slot. `fill` is told the life to fill it for.
    pub(super) fn fill(&mut self, field: &FieldRef, fill: impl FnOnce(&mut Slot, u64)) {
        let life = self.life;
        if field.argument.is_some() {
            if let Some(slot) = self.with_argument.get_mut(field) {
                return fill(slot, life);
            }
            self.give_back();
            return fill(self.with_argument.entry(field.clone()).or_default(), life);
        }
        let Some(place) = self.places.get_mut(field.id.index()) else { return };
        if *place == 0 {
            self.slots.push(Slot::default());
            // There are no more slots than fields, and those are counted by a u16.
            *place = u16::try_from(self.slots.len()).unwrap_or(0);
        }
        let place = usize::from(*place).checked_sub(1);
        if let Some(slot) = place.and_then(|place| self.slots.get_mut(place)) {
            fill(slot, life);
        }
    }

    /// Empties the slot of a field.
    pub(super) fn empty(&mut self, field: &FieldRef) {
        let slot = match field.argument {
            Some(_) => self.with_argument.get_mut(field),
            None => {
                let place = self.places.get(field.id.index()).map(|place| usize::from(*place));
                let place = place.and_then(|place| place.checked_sub(1));
                place.and_then(|place| self.slots.get_mut(place))
            }
        };
        if let Some(slot) = slot {
            slot.empty();
        }
    }

    /// Before one more slot with an argument is made. Walks over them only when they have doubled.
    fn give_back(&mut self) {
        if self.with_argument.len() >= 2 * self.left + IDLE {
            let life = self.life;
            self.with_argument.retain(|_, slot| slot.is_filled(life));
            self.left = self.with_argument.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Value;

    #[test]
    fn slots_of_keys_do_not_pile_up() {
        let mut memory = Memory::new();
        for event in 0..2000 {
            memory.clear();
            for part in ["a", "b", "c"] {
                let field = FieldRef::parse(&format!("proc.env[{part}{event}]")).unwrap();
                memory.fill(&field, |slot, life| slot.set(life, Value::Text(b"x")));
            }
            assert_eq!(memory.with_argument().count(), 3);
        }
        assert!(memory.with_argument.len() <= IDLE + 6, "{}", memory.with_argument.len());
    }

    #[test]
    fn no_value_in_use_is_given_back() {
        let mut memory = Memory::new();
        let fields: Vec<_> = (0..IDLE as u32 * 3)
            .map(|index| FieldRef::parse(&format!("proc.env[{index}]")).unwrap())
            .collect();
        for field in &fields {
            memory.fill(field, |slot, life| slot.set(life, Value::Text(b"x")));
        }
        assert!(fields.iter().all(|field| memory.get(field).is_some()));
        memory.empty(&fields[0]);
        assert!(memory.get(&fields[0]).is_none());
        assert_eq!(memory.with_argument().count(), fields.len() - 1);
    }
}
