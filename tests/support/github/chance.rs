//! Changes by chance, as people and bots make them.

use super::world::Repository;

/// 2001-01-01T00:00:00Z: the date that a wrong clock gave a commit.
const LONG_AGO: u64 = 978_307_200;

impl Repository {
    /// One change: something is created, edited, deleted or moved away, or commits are pushed or replaced.
    pub fn change(&mut self, random: &mut fastrand::Rng) {
        match random.u8(..12) {
            0 | 1 => self.open_issue(random.bool()),
            2 | 3 => {
                if let Some(number) = random.choice(&self.issues).map(|issue| issue.number) {
                    self.retitle(number, &format!("Edited {}", random.u16(..)));
                }
            }
            // A transferred issue is gone from the listing, too.
            4 => remove_one(&mut self.issues, random),
            5 | 6 => self.comment(1),
            7 => remove_one(&mut self.comments, random),
            8 => self.add_label(&format!("label-{}", random.u32(..))),
            9 => remove_one(&mut self.labels, random),
            10 => self.commit_by_chance(random),
            _ => {
                // A push that replaces the newest commits.
                let kept = self.commits.len().saturating_sub(random.usize(..4)).max(1);
                self.commits.truncate(kept);
                self.commit_by_chance(random);
            }
        }
    }

    /// One commit in five has a date that is far from its neighbours' dates.
    fn commit_by_chance(&mut self, random: &mut fastrand::Rng) {
        if random.u8(..5) == 0 {
            self.commit_at(LONG_AGO + random.u64(..800_000_000));
        } else {
            self.commit();
        }
    }
}

fn remove_one<T>(items: &mut Vec<T>, random: &mut fastrand::Rng) {
    if items.len() > 1 {
        items.remove(random.usize(..items.len()));
    }
}
