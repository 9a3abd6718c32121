//! The worst of any number of postures.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use driftcore::posture::Failure;
use driftcore::posture::Level;
use driftcore::posture::Posture;

/// The less, the worse: the level, how much fails baseline, how much fails at all, and which came first.
type Rank = (Level, Reverse<u64>, Reverse<u64>, u64);

/// Keeps so many of the worst postures.
pub(super) struct Worst {
    kept: BTreeMap<Rank, Posture>,
    max: usize,
    seen: u64,
}

impl Worst {
    pub(super) const fn new(max: usize) -> Self {
        Self { kept: BTreeMap::new(), max, seen: 0 }
    }

    pub(super) fn add(&mut self, posture: Posture) {
        let rank = rank(&posture, self.seen);
        self.seen += 1;
        self.kept.insert(rank, posture);
        if self.kept.len() > self.max {
            self.kept.pop_last();
        }
    }

    /// The worst first, and how many more there were.
    pub(super) fn finish(self) -> (Vec<Posture>, u64) {
        let left = self.seen - self.kept.len() as u64;
        (self.kept.into_values().collect(), left)
    }
}

fn rank(posture: &Posture, order: u64) -> Rank {
    let containers = posture.containers.iter().flat_map(|it| &it.failures);
    let all: Vec<&Failure> = posture.failures.iter().chain(containers).collect();
    let more: u64 = posture.containers.iter().map(|it| it.more_failures).sum();
    let baseline = all.iter().filter(|it| it.level == Level::Baseline).count() as u64;
    let total = all.len() as u64 + posture.more_failures + more;
    (posture.level, Reverse(baseline), Reverse(total), order)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use driftcore::posture::read_pods;

    use super::*;

    #[test]
    fn the_worst_come_first_and_the_best_are_counted() {
        let pod = |name: &str, spec: &str| {
            format!("{{\"metadata\":{{\"name\":\"{name}\"}},\"spec\":{{{spec}}}}}")
        };
        let plain = r#""containers":[{"name":"a"}]"#;
        let pods = [
            pod("none", ""),
            pod("first", plain),
            pod("second", plain),
            pod("host", &format!(r#""hostPID":true,{plain}"#)),
            pod("hosts", &format!(r#""hostPID":true,"hostIPC":true,{plain}"#)),
            pod("two", r#""containers":[{"name":"a"},{"name":"b"}]"#),
        ]
        .join("\n");
        let of = |max: usize| {
            let mut worst = Worst::new(max);
            read_pods(Path::new("pods"), pods.as_bytes(), |it| worst.add(it)).unwrap();
            let (kept, left) = worst.finish();
            let names: Vec<String> = kept.into_iter().filter_map(|it| it.pod).collect();
            (names.join(" "), left)
        };
        assert_eq!(of(10), ("hosts host two first second none".to_owned(), 0));
        assert_eq!(of(3), ("hosts host two".to_owned(), 3));
    }
}
