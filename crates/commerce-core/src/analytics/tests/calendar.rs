use super::*;

fn codes<T: std::fmt::Debug>(result: Result<T, Vec<crate::value::Violation>>) -> Vec<(String, &'static str)> {
    result.unwrap_err().into_iter().map(|violation| (violation.pointer, violation.code)).collect()
}

#[test]
fn a_day_is_read_as_it_is_written() {
    for text in ["2026-01-31", "2024-02-29", "0000-01-01", "9999-12-31"] {
        assert_eq!(day(text).to_string(), text);
    }
}

#[test]
fn what_is_no_day_is_refused() {
    for text in
        ["", "2026-02-29", "2026-1-31", "2026-01-32", "26-01-31", "2026-01-31T00:00:00Z", "+026-01-01", "é"]
    {
        let violation = Day::parse("/date", text).unwrap_err();
        assert_eq!((&*violation.pointer, violation.code), ("/date", "invalid_date"), "{text}");
    }
}

#[test]
fn both_ends_of_a_range_are_reported() {
    let wanted = [("/from".to_owned(), "invalid_date"), ("/to".to_owned(), "invalid_date")];
    assert_eq!(codes(DayRange::parse("x", "y")), wanted);
}

#[test]
fn a_range_has_one_day_at_least_and_366_at_most() {
    assert_eq!(DayRange::parse("2026-01-01", "2026-01-01").unwrap().days().count(), 1);
    assert_eq!(DayRange::parse("2026-01-01", "2027-01-01").unwrap().days().count(), 366);
    assert_eq!(codes(DayRange::parse("2026-01-01", "2027-01-02")), [("/to".to_owned(), "range_too_long")]);
    assert_eq!(codes(DayRange::parse("2026-01-02", "2026-01-01")), [("/to".to_owned(), "before_from")]);
}

#[test]
fn the_last_days_end_with_the_one_given() {
    let range = DayRange::last(30, day("2026-01-15"));
    assert_eq!((range.from(), range.to()), (day("2025-12-17"), day("2026-01-15")));
    assert_eq!(DayRange::last(0, day("2026-01-15")).days().count(), 1);
}

#[test]
fn a_month_outside_the_calendar_is_refused_with_every_fault() {
    assert_eq!(Month::new(2026, 7).unwrap().to_string(), "2026-07");
    let wanted = [("/year".to_owned(), "out_of_range"), ("/month".to_owned(), "out_of_range")];
    assert_eq!(codes(Month::new(10_000, 13)), wanted);
}

#[test]
fn the_week_is_that_of_iso_8601_also_around_new_year() {
    for (text, week) in [
        ("2026-01-01", "2026-W01"),
        ("2027-01-01", "2026-W53"),
        ("2024-12-30", "2025-W01"),
        ("2026-02-01", "2026-W05"),
    ] {
        assert_eq!(day(text).week(), week, "{text}");
    }
}

#[test]
fn any_moment_has_a_day() {
    assert_eq!(Day::of(at("2026-01-31T23:59:59.999999Z")), day("2026-01-31"));
    assert_eq!(Day::of(Timestamp::from_micros(i64::MIN)), day("0000-01-01"));
    assert_eq!(Day::of(Timestamp::from_micros(i64::MAX)), day("9999-12-31"));
    assert_eq!(day("0000-01-02").minus_days(40), day("0000-01-01"));
}

#[test]
fn ratios_have_four_decimals_and_no_whole_gives_none() {
    let ratio = |part, whole| Ratio::of(part, whole).map(|ratio| ratio.to_string());
    assert_eq!(ratio(1, 8).as_deref(), Some("0.1250"));
    assert_eq!(ratio(2, 3).as_deref(), Some("0.6667"));
    assert_eq!(ratio(1, 20_000).as_deref(), Some("0.0001"));
    assert_eq!(ratio(u64::MAX, 1).as_deref(), Some("18446744073709551615.0000"));
    assert_eq!(ratio(1, 0), None);
}

#[test]
fn what_is_not_asked_for_is_the_thirty_days_up_to_today() {
    let today = day("2026-03-31");
    let asked = |from, to| {
        DayRange::asked(from, to, today).map(|range| (range.from().to_string(), range.to().to_string()))
    };
    let range = |from: &str, to: &str| Ok((from.to_owned(), to.to_owned()));
    assert_eq!(asked(None, None), range("2026-03-02", "2026-03-31"));
    assert_eq!(asked(Some("2026-03-30"), None), range("2026-03-30", "2026-03-31"));
    assert_eq!(asked(None, Some("2026-01-30")), range("2026-01-01", "2026-01-30"));
    assert_eq!(codes(asked(Some("2026-04-01"), None)), [("/to".to_owned(), "before_from")]);
    let wanted = [("/from".to_owned(), "invalid_date"), ("/to".to_owned(), "invalid_date")];
    assert_eq!(codes(asked(Some("x"), Some("y"))), wanted);
}
