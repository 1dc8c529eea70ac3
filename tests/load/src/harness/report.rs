use super::{Goal, Measure, Results, Unit};

/// One line of the table: a figure, perhaps beside another.
pub(crate) struct Row {
    pub(crate) about: &'static str,
    pub(crate) figure: String,
    pub(crate) unit: Unit,
    pub(crate) median: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
    /// The other figure, and the ratio to it.
    pub(crate) beside: Option<(String, f64)>,
    /// For the ratio if there is one, for the figure otherwise.
    pub(crate) goal: Option<Goal>,
}

impl Row {
    pub(crate) fn is_reached(&self) -> Option<bool> {
        let value = self.beside.as_ref().map_or(self.median, |(_, ratio)| *ratio);
        self.goal.map(|goal| goal.is_reached_by(value))
    }
}

/// A line for each figure and each comparison.
pub(crate) fn rows(measures: &[Measure], results: &Results) -> Vec<Row> {
    let mut rows = Vec::new();
    for measure in measures {
        for figure in &measure.figures {
            let (lowest, highest) = results.range(&figure.name);
            let row = |beside, goal| Row {
                about: measure.about,
                figure: figure.name.clone(),
                unit: figure.unit,
                median: results.median(&figure.name),
                lowest,
                highest,
                beside,
                goal,
            };
            if figure.goal.is_some() || figure.comparisons.is_empty() {
                rows.push(row(None, figure.goal));
            }
            for comparison in &figure.comparisons {
                let ratio = results.ratio(&figure.name, &comparison.beside);
                rows.push(row(Some((comparison.beside.clone(), ratio)), comparison.goal));
            }
        }
    }
    rows
}
