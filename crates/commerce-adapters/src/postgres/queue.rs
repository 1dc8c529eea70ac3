//! Commits that wait, and what they have to wait for.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use super::group::Group;
use super::job::{Job, KeyMap, KeySet};

/// So far behind the first that waits the queue is searched for what can be written now.
const SEARCHED: usize = 1_024;

/// The commits of a store that are not answered yet, and what groups under way touch.
#[derive(Default)]
pub(super) struct Queue {
    /// In the order in which they were handed over.
    waiting: VecDeque<Box<Job>>,
    /// Not of those that are parked: no group can be made of them now.
    waiting_rows: usize,
    /// Those before all that wait which share something with a group under way, or with one before them that does: they
    /// needn't be looked at again until a group has ended.
    // Boxed, as they move on to a group.
    #[allow(clippy::vec_box)]
    parked: Vec<Box<Job>>,
    parked_keys: KeySet,
    /// How many commits are in groups whose writers have not come back for more yet.
    under_way: usize,
    /// How many commits of groups under way touch it.
    in_flight: KeyMap<u32>,
    /// No more are taken.
    pub(super) closed: bool,
}

impl Queue {
    /// Whether it is better to wait for the group under way than to begin another with fewer rows than this.
    pub(super) fn is_early(&self, rows: usize) -> bool {
        self.under_way > 0 && !self.has_rows(rows)
    }

    /// Whether so many rows may be written now, or once a group has ended.
    pub(super) fn has_rows(&self, rows: usize) -> bool {
        self.waiting_rows >= rows
    }

    /// Whether something may be written now, or once a group has ended.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether nothing is left, and nothing will come.
    pub(super) fn is_done(&self) -> bool {
        self.closed && self.len() == 0 && self.in_flight.is_empty()
    }

    /// Whether a commit that touches this is queued or under way.
    pub(super) fn holds(&self, key: u64) -> bool {
        self.in_flight.contains_key(&key) || self.jobs().any(|job| job.keys.all().contains(&key))
    }

    pub(super) fn len(&self) -> usize {
        self.parked.len() + self.waiting.len()
    }

    /// All that are in no group.
    fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.parked.iter().chain(&self.waiting).map(|job| &**job)
    }

    /// What can be written now, in the order of the calls: a commit waits for all before it that it shares something
    /// with, unless it can join them.
    pub(super) fn gather(&mut self, is_in_doubt: impl Fn(&Job) -> bool) -> Group {
        let mut group = Group::default();
        self.fill(&mut group, is_in_doubt);
        if group.members.is_empty() && !group.doubts.is_empty() {
            self.take_doubts_for_members(&mut group);
            self.fill(&mut group, |_| false);
        }
        self.under_way += group.members.len();
        for key in group.members.iter().chain(&group.doubts).flat_map(|job| job.keys.all()) {
            *self.in_flight.entry(*key).or_default() += 1;
        }
        group
    }

    fn fill(&mut self, group: &mut Group, is_in_doubt: impl Fn(&Job) -> bool) {
        while !group.is_full()
            && self.parked.len() < SEARCHED
            && let Some(job) = self.waiting.pop_front()
        {
            self.waiting_rows -= job.rows;
            let kept = if self.has_to_wait(&job) {
                Some(job)
            } else if is_in_doubt(&job) {
                group.doubt(job).err()
            } else if group.waits_for_doubts(&job) {
                Some(job)
            } else {
                group.admit(job).err()
            };
            if let Some(job) = kept {
                self.parked_keys.extend(job.keys.all());
                self.parked.push(job);
            }
        }
    }

    /// Without others they are written, or refused, as any commit is. Those that have to wait came before all that do
    /// already, and have not been looked at.
    fn take_doubts_for_members(&mut self, group: &mut Group) {
        let mut kept = Vec::new();
        for job in std::mem::take(group).doubts {
            if let Err(mut job) = if group.is_full() { Err(job) } else { group.admit(job) } {
                job.was_doubted = false;
                self.parked_keys.extend(job.keys.all());
                kept.push(job);
            }
        }
        self.parked.splice(0..0, kept);
    }

    fn has_to_wait(&self, job: &Job) -> bool {
        let mut keys = job.keys.all().iter();
        keys.any(|key| self.in_flight.contains_key(key) || self.parked_keys.contains(key))
    }

    /// A group has ended: what waited for it may be written now.
    pub(super) fn unpark(&mut self) {
        self.parked_keys.clear();
        let parked = std::mem::take(&mut self.parked);
        self.wait_first(parked);
    }

    /// This one came after all that wait.
    pub(super) fn wait_last(&mut self, job: Box<Job>) {
        self.waiting_rows += job.rows;
        self.waiting.push_back(job);
    }

    /// A writer has come back that took so many.
    pub(super) fn come_back(&mut self, members: usize) {
        self.under_way -= members;
    }

    /// These came before all that wait.
    #[allow(clippy::vec_box)]
    pub(super) fn wait_first(&mut self, jobs: Vec<Box<Job>>) {
        for job in jobs.into_iter().rev() {
            self.waiting_rows += job.rows;
            self.waiting.push_front(job);
        }
    }

    /// A commit is under way no more.
    pub(super) fn leave(&mut self, job: &Job) {
        for key in job.keys.all() {
            if let Entry::Occupied(mut entry) = self.in_flight.entry(*key) {
                *entry.get_mut() -= 1;
                if *entry.get() == 0 {
                    entry.remove();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use commerce_core::commit::{Claim, Commit, CommitId};
    use uuid::Uuid;

    use super::*;

    /// A commit that claims this.
    fn job(number: u128, claim: &'static str) -> Box<Job> {
        let commit = Commit::new().claim(Claim::new("test", claim));
        Box::new(Job::silent(commit, CommitId(Uuid::from_u128(number))))
    }

    fn queue(jobs: impl IntoIterator<Item = Box<Job>>) -> Queue {
        let mut queue = Queue::default();
        for job in jobs {
            queue.wait_last(job);
        }
        queue
    }

    fn numbers<'j>(jobs: impl IntoIterator<Item = &'j Box<Job>>) -> Vec<u128> {
        jobs.into_iter().map(|job| job.id.0.as_u128()).collect()
    }

    #[test]
    fn what_shares_something_with_a_group_waits_until_it_has_ended() {
        let mut queue = queue([job(1, "a"), job(2, "b"), job(3, "a"), job(4, "a")]);
        let group = queue.gather(|_| false);
        assert_eq!(numbers(&group.members), [1, 2]);
        assert_eq!(numbers(&queue.parked), [3, 4]);
        assert_eq!((queue.len(), queue.waiting_rows), (2, 0));
        assert!(queue.gather(|_| false).members.is_empty(), "nothing has ended");
        assert!(queue.jobs().any(|job| job.id.0.as_u128() == 4), "it is known all the same");

        group.members.iter().for_each(|job| queue.leave(job));
        queue.unpark();
        assert_eq!(numbers(&queue.gather(|_| false).members), [3]);
        assert_eq!(numbers(&queue.parked), [4]);
    }

    #[test]
    fn what_comes_later_passes_what_is_parked_only_where_they_share_nothing() {
        let mut queue = queue([job(1, "a"), job(2, "a")]);
        queue.gather(|_| false);
        queue.wait_last(job(3, "a"));
        queue.wait_last(job(4, "b"));
        assert_eq!(numbers(&queue.gather(|_| false).members), [4]);
        assert_eq!(numbers(&queue.parked), [2, 3]);
    }

    #[test]
    fn what_is_in_doubt_goes_with_others_that_it_shares_nothing_with() {
        let is_in_doubt = |job: &Job| job.id.0.as_u128() > 10 && !job.was_doubted;
        let mut queue = queue([job(11, "a"), job(1, "b"), job(12, "b"), job(13, "c"), job(2, "d")]);
        let group = queue.gather(is_in_doubt);
        assert_eq!((numbers(&group.members), numbers(&group.doubts)), (vec![1, 2], vec![11, 13]));
        assert_eq!(numbers(&queue.parked), [12], "it comes after the first that claims the same");
        assert_eq!(queue.under_way, 2);
        assert!(group.doubts.iter().all(|job| queue.has_to_wait(job)), "it is under way as well");

        let mut queue = self::queue([job(11, "a"), job(1, "a"), job(2, "b")]);
        let group = queue.gather(is_in_doubt);
        assert_eq!((numbers(&group.members), numbers(&group.doubts)), (vec![2], vec![11]));
        assert_eq!(numbers(&queue.parked), [1], "should the doubt be wrong, it comes after");
    }

    #[test]
    fn what_is_in_doubt_and_alone_is_as_any_other() {
        let is_in_doubt = |job: &Job| !job.was_doubted;
        let mut queue = queue([job(9, "x")]);
        queue.gather(|_| false);
        [job(1, "a"), job(2, "x"), job(3, "a"), job(4, "b")].into_iter().for_each(|job| queue.wait_last(job));
        let group = queue.gather(is_in_doubt);
        assert_eq!((numbers(&group.members), group.doubts.len()), (vec![1, 4], 0));
        assert_eq!(numbers(&queue.parked), [3, 2]);
        assert!(!queue.parked[0].was_doubted, "it has not been looked at");
    }

    #[test]
    fn what_is_to_be_looked_at_again_comes_before_what_waited_for_it() {
        let mut queue = queue([job(1, "a"), job(2, "a"), job(3, "b")]);
        let group = queue.gather(|_| false);
        group.members.iter().for_each(|job| queue.leave(job));
        queue.unpark();
        queue.wait_first(group.members);
        assert_eq!(numbers(&queue.waiting), [1, 3, 2]);
        let rows: usize = queue.waiting.iter().map(|job| job.rows).sum();
        assert_eq!(queue.waiting_rows, rows);
    }
}
