//! What the statement's answer means to each member of a group.

use std::collections::BTreeMap;

use commerce_core::Timestamp;
use commerce_core::commit::{Append, CommitError, CommitId, Committed, Conflict, Expected};
use commerce_core::stream::{Position, Version};

use super::error::BeganTooEarly;
use super::group::Group;
use super::job::Answer;
use super::layout::Layout;
use super::statement::{self, Failure, Written};

/// For each member its answer; none for one that has to be looked at again, because another of its component failed.
pub(super) fn answers(group: &Group, layout: &Layout<'_>, written: &Written) -> Vec<Option<Answer>> {
    let mut failed = first_failures(group, layout, &written.failures);
    let mut last_event = written.last_event;
    (0..group.members.len())
        .map(|member| match failed.get_mut(&group.component(member)) {
            Some((first, error)) if *first == member => error.take().map(Err),
            Some(_) => None,
            None => {
                if let Some(place) = layout.last_events[member] {
                    last_event = written.events_from + place;
                }
                Some(Ok(committed(group.members[member].id, last_event, written.at)))
            }
        })
        .collect()
}

/// Of each stream on which something was refused its version; none for one that was wrongly in doubt.
pub(super) fn refused_streams(
    group: &Group,
    layout: &Layout<'_>,
    written: &Written,
) -> Vec<(u64, Option<Version>)> {
    let mut doubted: Vec<_> =
        group.doubts.iter().flat_map(|job| job.keys.streams()).map(|key| (*key, None)).collect();
    for (number, actual) in &written.doubts {
        doubted[*number].1 = Some(*actual);
    }
    let of_members = written.failures.iter().filter(|failure| failure.section == statement::STREAMS);
    let of_members = of_members.map(|failure| {
        let keys = &group.members[owner(layout, failure)].keys;
        (keys.streams()[place(layout, failure)], u64::try_from(failure.actual).ok())
    });
    doubted.into_iter().chain(of_members).collect()
}

/// For each that was in doubt its answer; none if it was wrongly so, and has to be written.
pub(super) fn doubted(group: &Group, written: &Written) -> Vec<Option<Answer>> {
    let mut answers: Vec<Option<Answer>> = group.doubts.iter().map(|_| None).collect();
    for (number, actual) in &written.doubts {
        if let Some(job) = group.doubts.get(*number)
            && let [Append { stream, expected: Expected::Version(expected), .. }] = &job.commit.appends[..]
        {
            let (stream, expected, actual) = (stream.clone(), *expected, *actual);
            let conflict = Conflict::Stream { stream, expected, actual };
            answers[*number] = Some(Err(CommitError::Conflict(conflict)));
        }
    }
    answers
}

pub(super) fn committed(id: CommitId, position: i64, at: i64) -> Committed {
    let position = Position::try_from(position).unwrap_or_default();
    Committed { id, position, recorded_at: Timestamp::from_micros(at) }
}

/// For each component that failed, the first member that did, and why. Of its failures the one that a store looks at
/// first counts: sections are numbered in that order.
fn first_failures(
    group: &Group,
    layout: &Layout<'_>,
    failures: &[Failure],
) -> BTreeMap<usize, (usize, Option<CommitError>)> {
    let mut firsts: BTreeMap<usize, (usize, &Failure)> = BTreeMap::new();
    for failure in failures {
        let member = owner(layout, failure);
        let first = firsts.entry(group.component(member)).or_insert((member, failure));
        if (member, failure.section, place(layout, failure))
            < (first.0, first.1.section, place(layout, first.1))
        {
            *first = (member, failure);
        }
    }
    let error =
        |(component, (member, failure))| (component, (member, Some(explain(group, layout, member, failure))));
    firsts.into_iter().map(error).collect()
}

fn owner(layout: &Layout<'_>, failure: &Failure) -> usize {
    let owners = match failure.section {
        statement::GIVEN => &layout.given.owners,
        statement::FENCES => &layout.fences.owners,
        statement::REQUIRED => &layout.required.owners,
        statement::STREAMS => &layout.heads.owners,
        statement::DOCUMENTS => &layout.documents.owners,
        statement::CLAIMS => &layout.claims.owners,
        statement::CHECKPOINTS => &layout.checkpoints.owners,
        _ => return 0,
    };
    owners.members.get(failure.row).copied().unwrap_or_default()
}

/// Which of a member's own rows of a section it is. Streams stand in another order than in their commits.
fn place(layout: &Layout<'_>, failure: &Failure) -> usize {
    match failure.section {
        statement::STREAMS => layout.heads.places.get(failure.row).copied().unwrap_or_default(),
        _ => failure.row,
    }
}

fn explain(group: &Group, layout: &Layout<'_>, member: usize, failure: &Failure) -> CommitError {
    let actual = u64::try_from(failure.actual).unwrap_or_default();
    let expected = |values: &[i64]| u64::try_from(values[failure.row]).unwrap_or_default();
    CommitError::Conflict(match failure.section {
        statement::GIVEN => {
            return CommitError::Invalid(format!("commit id {} was used already", group.members[member].id));
        }
        statement::FENCES => Conflict::Fenced {
            name: layout.fences.names[failure.row].to_owned(),
            token: expected(&layout.fences.tokens),
        },
        statement::REQUIRED => Conflict::Required { commit: CommitId(layout.required.ids[failure.row]) },
        statement::STREAMS => {
            let append = layout.heads.appends[failure.row];
            let expected = match append.expected {
                Expected::Version(version) => version,
                Expected::Any => 0,
            };
            Conflict::Stream { stream: append.stream.clone(), expected, actual }
        }
        statement::DOCUMENTS => Conflict::Document {
            collection: layout.documents.collections[failure.row].to_owned(),
            id: layout.documents.ids[failure.row].to_owned(),
            expected: expected(&layout.documents.expected),
            actual,
        },
        statement::CLAIMS => Conflict::Claim {
            key: layout.claims.claims[failure.row].key.clone(),
            by: CommitId(failure.by.unwrap_or_default()),
            answer: failure.answer.clone(),
        },
        statement::CHECKPOINTS => Conflict::Checkpoint {
            reader: layout.checkpoints.readers[failure.row].to_owned(),
            expected: expected(&layout.checkpoints.from),
            actual,
        },
        _ => return CommitError::RolledBack { source: BeganTooEarly.into() },
    })
}
