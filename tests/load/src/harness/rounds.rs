use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use super::{Measure, table};
use crate::bench::Bench;

/// The values of each figure, one for each round.
#[derive(Default)]
pub(crate) struct Results(HashMap<String, Vec<f64>>);

/// Measures all of them once in each round, so that whatever slows the machine down meets all of them.
pub(crate) async fn run(measures: &[Measure], bench: &Arc<Bench>, rounds: u32) -> Results {
    let mut results = Results::default();
    for round in 1..=rounds {
        for (index, measure) in measures.iter().enumerate() {
            eprint!("round {round}/{rounds} {:>3}/{} {:<42}", index + 1, measures.len(), measure.name);
            let _ = std::io::stderr().flush();
            let values = measure.run(bench).await;
            assert_eq!(values.len(), measure.figures.len(), "{} gives a value for each figure", measure.name);
            let shown =
                measure.figures.iter().zip(&values).map(|(figure, value)| table::value(*value, figure.unit));
            eprintln!(" {}", shown.collect::<Vec<_>>().join(", "));
            for (figure, value) in measure.figures.iter().zip(values) {
                results.add(&figure.name, value);
            }
        }
    }
    results
}

impl Results {
    pub(crate) fn add(&mut self, figure: &str, value: f64) {
        self.0.entry(figure.to_owned()).or_default().push(value);
    }

    pub(crate) fn median(&self, figure: &str) -> f64 {
        median(self.values(figure).to_vec())
    }

    pub(crate) fn range(&self, figure: &str) -> (f64, f64) {
        let values = self.values(figure).iter().copied();
        (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
    }

    /// The median of the ratios, each within its round.
    pub(crate) fn ratio(&self, figure: &str, beside: &str) -> f64 {
        let pairs = self.values(figure).iter().zip(self.values(beside));
        median(pairs.map(|(value, beside)| value / beside).collect())
    }

    fn values(&self, figure: &str) -> &[f64] {
        self.0.get(figure).map_or(&[], Vec::as_slice)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_a_round() {
        let mut results = Results::default();
        // The second round was twice as slow, for both.
        for (ours, theirs) in [(200.0, 100.0), (100.0, 50.0), (300.0, 100.0)] {
            results.add("ours", ours);
            results.add("theirs", theirs);
        }
        assert_eq!((results.median("ours"), results.ratio("ours", "theirs")), (200.0, 2.0));
        assert_eq!(results.range("ours"), (100.0, 300.0));
    }

    #[test]
    fn of_two_the_median_is_between() {
        assert_eq!(median(vec![3.0, 1.0]), 2.0);
    }
}
