//! What the files were, against what they are.

use std::path::Path;

use super::Secrets;
use super::Volume;
use super::layout::Generation;
use super::tree::Entry;
use crate::config::item::Aspect;
use crate::config::item::Comparison;
use crate::config::item::Item;
use crate::event::ConfigMark;
use crate::event::Text;

impl Secrets {
    /// Compares what the files are with what they were in `before`, an item a file. Pure.
    ///
    /// A volume that is in only one of the two was mounted or unmounted, which [`compare`](crate::config::compare)
    /// tells; its files are taken as they are. Of a volume of the kubelet's, what it did not write differs by
    /// itself: a file that was written after `..data` was made to lead to it, and one that `..data` does not
    /// lead to. Where `..data` leads elsewhere than before and nothing else speaks against the kubelet, the
    /// files that changed are marked as [`ConfigMark::Rotation`], and do not differ.
    pub fn compare(&self, before: &Self) -> Comparison {
        self.compare_where(before, &|_, _| true)
    }

    /// The same, where `is_kubelets` says who made `..data` lead elsewhere: of a volume, by its path, and whether
    /// it is read-only to the container.
    pub(crate) fn compare_where(
        &self,
        before: &Self,
        is_kubelets: &dyn Fn(&Path, bool) -> bool,
    ) -> Comparison {
        let mut comparison = Comparison::default();
        for volume in &self.volumes {
            let was = before.volume(&volume.point).unwrap_or(volume);
            let is_rotation = volume.is_rotation_of(was, is_kubelets);
            volume.compare(was, is_rotation, &mut comparison.items);
        }
        comparison.problems.clone_from(&self.problems);
        comparison
    }

    fn volume(&self, point: &Path) -> Option<&Volume> {
        self.volumes.iter().find(|it| it.point == point)
    }

    /// Takes over, as what counts from now on, what was rotated in `now`, and what was not there before.
    #[cfg(feature = "sensor")]
    pub(crate) fn adopt(&mut self, now: &Self, is_kubelets: &dyn Fn(&Path, bool) -> bool) {
        for volume in &now.volumes {
            match self.volumes.iter_mut().find(|it| it.point == volume.point) {
                Some(was) if volume.is_rotation_of(was, is_kubelets) => was.clone_from(volume),
                Some(_) => {}
                None => self.volumes.push(volume.clone()),
            }
        }
    }

    /// The mount namespace of the container, by its inode number.
    #[cfg(feature = "sensor")]
    pub(crate) fn mount_namespace(&self) -> Option<u64> {
        self.namespace
    }

    /// Whether something that was there could not be read: what is not found has not gone.
    #[cfg(feature = "sensor")]
    pub(crate) fn is_partial(&self) -> bool {
        self.is_partial
    }
}

impl Volume {
    fn compare(&self, was: &Self, is_rotation: bool, items: &mut Vec<Item>) {
        let (files, old) = (&self.contents.files, &was.contents.files);
        for (path, entry) in files {
            let before = old.get(path);
            let mut item = self.item(path).live(Some(entry.value.clone()));
            let changed = before.is_none_or(|before| before.value != entry.value);
            item.declared = before.map(|before| before.value.clone());
            item.differs = changed && !is_rotation;
            if changed && is_rotation {
                item.mark = Some(ConfigMark::Rotation);
            }
            match self.contents.generation.as_ref().and_then(|it| foreign(entry, it)) {
                // What it was is known where it was seen before.
                Some(_) if changed && before.is_some() => item.differs = true,
                Some(declared) => {
                    item.declared = declared;
                    item.differs = true;
                }
                None => {}
            }
            items.push(item);
        }
        // What is not there because not all was looked at is not gone.
        for (path, entry) in old.iter().filter(|(path, _)| !files.contains_key(*path)) {
            if self.contents.is_cut {
                break;
            }
            let mut item = self.item(path).declared(Some(entry.value.clone()));
            item.differs = !is_rotation;
            item.mark = is_rotation.then_some(ConfigMark::Rotation);
            items.push(item);
        }
    }

    /// Whether the kubelet may have put another generation of the files here.
    fn is_rotation_of(&self, was: &Self, is_kubelets: &dyn Fn(&Path, bool) -> bool) -> bool {
        let (Some(now), Some(then)) = (&self.contents.generation, &was.contents.generation) else {
            return false;
        };
        now.name != then.name && is_kubelets(&self.point, self.is_read_only)
    }

    fn item(&self, path: &[u8]) -> Item {
        let name = if path.is_empty() {
            Text::from(self.point.as_path())
        } else {
            Text::from(self.point.join(Text::from(path).as_path()).as_path())
        };
        Item::new(Aspect::Secret, name)
    }
}

/// That a file is not the kubelet's work: then what stands for it, if anything does.
fn foreign(entry: &Entry, generation: &Generation) -> Option<Option<Text>> {
    if !entry.is_published {
        return entry.is_regular.then_some(None);
    }
    let is_late = entry.modified > generation.made;
    is_late.then(|| Some(Text::from(format!("published {}", generation.made).as_str())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::secrets::place::SecretKind;
    use crate::config::secrets::tree::Contents;
    use crate::event::Timestamp;

    const ONE: &str = "..2026_11_30_17_30_00.1";
    const TWO: &str = "..2026_11_30_18_30_00.2";

    fn volume(generation: Option<(&str, i64)>, files: &[(&str, &str, i64)]) -> Secrets {
        let entry = |&(path, value, modified): &(&str, &str, i64)| {
            let entry = Entry {
                value: value.into(),
                modified: Timestamp::from_nanos(modified),
                is_published: generation.is_some() && !path.starts_with("put"),
                is_regular: true,
            };
            (path.as_bytes().to_vec(), entry)
        };
        let files: BTreeMap<_, _> = files.iter().map(entry).collect();
        let generation = generation.map(|(name, made)| Generation {
            name: name.as_bytes().to_vec(),
            made: Timestamp::from_nanos(made),
        });
        let contents = Contents { files, generation, is_cut: false };
        let point = "/etc/creds".into();
        let volumes =
            vec![Volume { point, kind: SecretKind::Secret, is_read_only: true, contents }];
        Secrets { volumes, ..Secrets::default() }
    }

    /// `! name declared live [mark]`, a line each.
    fn lines(before: &Secrets, now: &Secrets) -> Vec<String> {
        let text = |text: &Option<Text>| text.as_ref().map_or("-".to_owned(), Text::to_string);
        let line = |item: Item| {
            assert_eq!(item.aspect, Aspect::Secret);
            let mark = item.mark.map_or("", |mark| mark.as_str());
            let sign = if item.differs { "!" } else { "=" };
            let (name, was, is) = (item.name.to_string(), text(&item.declared), text(&item.live));
            format!("{sign} {name} {was} {is} {mark}").trim_end().to_owned()
        };
        now.compare(before).items.into_iter().map(line).collect()
    }

    #[test]
    fn a_plain_directory_differs_where_its_files_do() {
        let before = volume(None, &[("a", "x", 5), ("b", "x", 5), ("gone", "x", 5)]);
        let now = volume(None, &[("a", "x", 9), ("b", "y", 5), ("new", "z", 9)]);
        let expected = [
            "= /etc/creds/a x x",
            "! /etc/creds/b x y",
            "! /etc/creds/new - z",
            "! /etc/creds/gone x -",
        ];
        assert_eq!(lines(&before, &now), expected);
        assert_eq!(
            lines(&now, &now),
            ["= /etc/creds/a x x", "= /etc/creds/b y y", "= /etc/creds/new z z"]
        );
    }

    #[test]
    fn another_generation_is_a_rotation_and_no_difference() {
        let before = volume(Some((ONE, 10)), &[("a", "x", 9), ("b", "x", 9), ("gone", "x", 9)]);
        let now = volume(Some((TWO, 20)), &[("a", "y", 19), ("b", "x", 20), ("new", "z", 19)]);
        let expected = [
            "= /etc/creds/a x y rotation",
            "= /etc/creds/b x x",
            "= /etc/creds/new - z rotation",
            "= /etc/creds/gone x - rotation",
        ];
        assert_eq!(lines(&before, &now), expected);
    }

    #[test]
    fn another_generation_that_was_put_there_from_within_differs() {
        let before = volume(Some((ONE, 10)), &[("a", "x", 9)]);
        let now = volume(Some((TWO, 20)), &[("a", "y", 19)]);
        let within = |_: &Path, read_only: bool| !read_only;
        let items = now.compare_where(&before, &within).items;
        assert!(items[0].differs && items[0].mark.is_none(), "{items:?}");
        #[cfg(feature = "sensor")]
        {
            let mut settled = before.clone();
            settled.adopt(&now, &within);
            assert_eq!(settled, before);
            settled.adopt(&now, &|_, _| true);
            assert_eq!(settled.volumes, now.volumes);
        }
    }

    #[test]
    fn what_the_kubelet_did_not_write_differs_by_itself() {
        let published = "published 1970-01-01T00:00:00.000000010Z";
        let late = volume(Some((ONE, 10)), &[("a", "x", 11), ("b", "x", 10), ("put", "y", 3)]);
        let expected = [
            format!("! /etc/creds/a {published} x"),
            "= /etc/creds/b x x".to_owned(),
            "! /etc/creds/put - y".to_owned(),
        ];
        assert_eq!(lines(&late, &late), expected);
        // Seen before, its digest says more.
        let before = volume(Some((ONE, 10)), &[("a", "x", 9)]);
        let now = volume(Some((ONE, 10)), &[("a", "y", 11)]);
        assert_eq!(lines(&before, &now), ["! /etc/creds/a x y"]);
        // A rotation excuses neither.
        let now = volume(Some((TWO, 20)), &[("a", "y", 21), ("put", "y", 19)]);
        let found = lines(&before, &now);
        assert!(found.iter().all(|line| line.starts_with('!')), "{found:?}");
    }

    #[test]
    fn a_volume_that_came_or_went_is_no_difference_of_its_files() {
        let none = Secrets::default();
        let some = volume(None, &[("a", "x", 5)]);
        assert_eq!(lines(&none, &some), ["= /etc/creds/a x x"]);
        assert_eq!(lines(&some, &none), [""; 0]);
        let mut cut = volume(None, &[]);
        cut.volumes[0].contents.is_cut = true;
        assert_eq!(lines(&some, &cut), [""; 0], "what was not read is not gone");
    }
}
