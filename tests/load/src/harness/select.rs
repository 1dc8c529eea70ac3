use std::collections::{HashMap, HashSet};

use super::Measure;

/// Those of the measures that were asked for (all of ours, if nothing was), and what they are compared with, in the order
/// in which they are to run: whatever a measure is compared with comes shortly before it, as a machine's speed drifts.
///
/// # Errors
/// When a name stands for none of them.
pub(crate) fn select(
    baselines: Vec<Measure>,
    ours: Vec<Measure>,
    only: &[String],
) -> Result<Vec<Measure>, String> {
    let first_of_ours = baselines.len();
    let all: Vec<Measure> = baselines.into_iter().chain(ours).collect();
    for name in only {
        if !all.iter().any(|measure| is_meant(name, &measure.name)) {
            return Err(unknown(name, &all));
        }
    }
    let owners: HashMap<String, usize> = all
        .iter()
        .enumerate()
        .flat_map(|(index, measure)| measure.figures.iter().map(move |figure| (figure.name.clone(), index)))
        .collect();
    let wanted = |index: &usize| match only {
        [] => *index >= first_of_ours,
        only => only.iter().any(|name| is_meant(name, &all[*index].name)),
    };
    // Ours first: they take their baselines with them.
    let (ours, alone): (Vec<usize>, Vec<usize>) =
        (0..all.len()).filter(wanted).partition(|index| *index >= first_of_ours);
    let mut order = Order { all: &all, owners: &owners, placed: HashSet::new(), order: Vec::new() };
    for index in ours.into_iter().chain(alone) {
        order.place(index)?;
    }
    let order = order.order;
    let mut all: Vec<Option<Measure>> = all.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|index| all[index].take()).collect())
}

struct Order<'a> {
    all: &'a [Measure],
    owners: &'a HashMap<String, usize>,
    placed: HashSet<usize>,
    order: Vec<usize>,
}

impl Order<'_> {
    fn place(&mut self, index: usize) -> Result<(), String> {
        if !self.placed.insert(index) {
            return Ok(());
        }
        let measure = &self.all[index];
        for comparison in measure.figures.iter().flat_map(|figure| &figure.comparisons) {
            let Some(beside) = self.owners.get(&comparison.beside) else {
                return Err(format!(
                    "{} is compared with {}, which no one measures",
                    measure.name, comparison.beside
                ));
            };
            self.place(*beside)?;
        }
        self.order.push(index);
        Ok(())
    }
}

/// Whether `asked` is a run of the name's words.
fn is_meant(asked: &str, name: &str) -> bool {
    format!("/{name}/").contains(&format!("/{asked}/"))
}

fn unknown(asked: &str, all: &[Measure]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in all.iter().flat_map(|measure| measure.name.split('/')) {
        if !words.contains(&word) && word.parse::<u32>().is_err() {
            words.push(word);
        }
    }
    format!(
        "nothing that is measured is named {asked:?}. Names are made of: {}; see --list",
        words.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::at_least;

    fn names(only: &[&str]) -> Result<Vec<String>, String> {
        let measure = |name: &str| Measure::rate(name, "calls", |_| async { 0.0 });
        let baselines = ["pgbench/one-row/1", "pgbench/one-row/32", "pgbench/one-row/256"].map(measure);
        let ours = vec![
            measure("sqlite/store/one-event/1"),
            measure("postgres/store/one-event/1").beside("pgbench/one-row/1", at_least(0.9)),
            measure("postgres/store/one-event/32").beside("pgbench/one-row/32", None),
        ];
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        Ok(select(baselines.into(), ours, &only)?.into_iter().map(|measure| measure.name).collect())
    }

    #[test]
    fn a_baseline_comes_just_before_the_one_that_needs_it() {
        assert_eq!(names(&["32"]).unwrap(), ["pgbench/one-row/32", "postgres/store/one-event/32"]);
        assert_eq!(names(&[]).unwrap()[1..3], ["pgbench/one-row/1", "postgres/store/one-event/1"]);
        assert_eq!(names(&[]).unwrap().len(), 5);
        assert_eq!(names(&["pgbench/one-row/256"]).unwrap(), ["pgbench/one-row/256"]);
    }

    #[test]
    fn words_are_taken_whole_and_unknown_ones_refused() {
        assert_eq!(names(&["sqlite/store"]).unwrap(), ["sqlite/store/one-event/1"]);
        assert!(names(&["stor"]).unwrap_err().contains("stor"));
    }
}
