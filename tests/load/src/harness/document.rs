use std::fmt::Write;

use super::table::{goal, reached, value};
use super::{Machine, Row};

const INTRODUCTION: &str = "\
# Benchmarks

Written by `scripts/bench --write docs/benchmarks.md`: change the measurements in `tests/load`, not this file.

Each figure is the median over the rounds. In a round everything is measured once, one after the other, so that whatever
slows the machine down meets all of it; a ratio is taken within a round, to the figure named beside it, and the median of
these ratios is shown. A goal is for the ratio where there is one, for the figure itself otherwise. The number at the end
of a name is how many callers are at it at once, each waiting for its answer before it asks again. Every measurement
starts on a new, empty database; after it has been filled, tables are analysed and a checkpoint is made before the clock
starts. All writes are durable when they are answered.
";

/// The whole document.
pub(crate) fn write(machine: &Machine, rounds: u32, seconds: f64, rows: &[Row]) -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("\n## Conditions\n\n| | |\n|---|---|\n");
    for (what, is) in machine.lines() {
        let _ = writeln!(text, "| {what} | {is} |");
    }
    let _ = writeln!(text, "| Rounds | {rounds}, each figure measured for {seconds} s in each |");
    let with_goal: Vec<bool> = rows.iter().filter_map(Row::is_reached).collect();
    let reached = with_goal.iter().filter(|reached| **reached).count();
    let _ = writeln!(text, "\n{reached} of {} goals are reached.\n\n## Figures", with_goal.len());
    for about in abouts(rows) {
        section(&mut text, about, rows.iter().filter(|row| row.about == about));
    }
    text
}

/// Each once, in the order of their first appearance.
fn abouts(rows: &[Row]) -> Vec<&'static str> {
    let mut abouts = Vec::new();
    for row in rows {
        if !abouts.contains(&row.about) {
            abouts.push(row.about);
        }
    }
    abouts
}

fn section<'a>(text: &mut String, about: &str, rows: impl Iterator<Item = &'a Row>) {
    let _ = writeln!(text, "\n{about}\n");
    text.push_str(
        "| | median | lowest – highest | ratio | beside | goal | reached |\n|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let (beside, ratio) = row
            .beside
            .as_ref()
            .map_or(("", String::new()), |(beside, ratio)| (beside.as_str(), format!("{ratio:.2}")));
        let _ = writeln!(
            text,
            "| {} | {} | {} – {} | {ratio} | {beside} | {} | {} |",
            row.figure,
            value(row.median, row.unit),
            value(row.lowest, row.unit),
            value(row.highest, row.unit),
            row.goal.map_or(String::new(), goal),
            reached(row)
        );
    }
}
