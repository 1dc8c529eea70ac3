use super::{Goal, Row, Unit};

pub(crate) fn print(rows: &[Row]) {
    println!("{:<44}{:>22}  {:>6}  {:<28}{:>8}  reached", "", "median", "ratio", "beside", "goal");
    for row in rows {
        let (beside, ratio) = row
            .beside
            .as_ref()
            .map_or(("", String::new()), |(beside, ratio)| (beside.as_str(), format!("{ratio:.2}")));
        let goal = row.goal.map_or(String::new(), goal);
        let reached = reached(row);
        println!(
            "{:<44}{:>22}  {ratio:>6}  {beside:<28}{goal:>8}  {reached}",
            row.figure,
            value(row.median, row.unit)
        );
    }
    let with_goal: Vec<bool> = rows.iter().filter_map(Row::is_reached).collect();
    let reached = with_goal.iter().filter(|reached| **reached).count();
    println!("{reached} of {} goals reached", with_goal.len());
}

pub(super) fn reached(row: &Row) -> &'static str {
    match row.is_reached() {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
}

pub(super) fn goal(goal: Goal) -> String {
    match goal {
        Goal::AtLeast(least) => format!("≥ {}", short(least)),
        Goal::AtMost(most) => format!("≤ {}", short(most)),
    }
}

/// A number with its unit.
pub(super) fn value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::PerSecond(what) => format!("{} {what}/s", short(value)),
        Unit::Milliseconds => format!("{value:.2} ms"),
        Unit::Megabytes => format!("{value:.0} MB"),
    }
}

/// Large numbers whole and in groups of three, small ones with two digits after the point.
pub(super) fn short(value: f64) -> String {
    if value < 100.0 || !value.is_finite() {
        return format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(
            ["0.95", "6", "600", "15,000", "1,234,567"],
            [0.95, 6.0, 600.0, 15_000.0, 1_234_567.0].map(short).each_ref().map(|s| &**s)
        );
    }
}
