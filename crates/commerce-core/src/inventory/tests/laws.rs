//! What holds for any interleaving of any number of orders over several items.

use proptest::prelude::*;

use super::*;
use crate::event::{decode, encode};
use crate::inventory::StockCommand;
use crate::inventory::reservation::ReservationStatus as Status;

const ITEMS: u128 = 4;
const ORDERS: u128 = 6;

#[derive(Clone, Debug)]
enum Step {
    Request(ReservationRequest),
    Adjust { n: u128, quantity: i64 },
    Wait { minutes: u64 },
}

fn a_demand() -> impl Strategy<Value = Demand> {
    // One product more than there are items: some orders ask for what was never in stock.
    let product = prop_oneof![12 => 1..=ITEMS, 1 => Just(ITEMS + 1)];
    prop::collection::vec((product, 1_u64..8), 1..5)
        .prop_map(|lines| demand(lines.into_iter().map(|(n, quantity)| line(n, quantity))))
}

fn a_step() -> impl Strategy<Value = Step> {
    let n = 1..=ORDERS;
    prop_oneof![
        4 => (n.clone(), a_demand(), 1_u64..40).prop_map(|(n, demand, minutes)| {
            let expires_at = minutes_after(minutes);
            Step::Request(ReservationRequest::Reserve { order_id: order(n), demand, expires_at })
        }),
        2 => n.clone().prop_map(|n| Step::Request(confirm(n))),
        2 => n.clone().prop_map(|n| Step::Request(release(n))),
        2 => n.prop_map(|n| Step::Request(expire(n))),
        1 => (1..=ITEMS, -12_i64..12).prop_map(|(n, quantity)| Step::Adjust { n, quantity }),
        1 => (1_u64..10).prop_map(|minutes| Step::Wait { minutes }),
    ]
}

fn a_history() -> impl Strategy<Value = (Vec<u32>, Vec<Step>)> {
    (prop::collection::vec(0_u32..25, ITEMS as usize), prop::collection::vec(a_step(), 1..80))
}

/// Takes every step and looks at the warehouse after each.
fn live(
    stock: Vec<u32>,
    steps: Vec<Step>,
    mut look: impl FnMut(&Warehouse) -> Result<(), TestCaseError>,
) -> Result<Warehouse, TestCaseError> {
    let mut warehouse = Warehouse::with(stock);
    let mut now = noon();
    for step in steps {
        match step {
            Step::Request(request) => drop(warehouse.settle_at(now, &request)),
            Step::Adjust { n, quantity } => {
                let command = StockCommand::Adjust { quantity, reason: reason("counted") };
                if let Ok(events) = warehouse.item(n).decide(command, &at(now)) {
                    warehouse.commit([(product(n), events)]);
                }
            }
            Step::Wait { minutes } => now = now.plus(Duration::from_secs(60 * minutes)),
        }
        look(&warehouse)?;
    }
    Ok(warehouse)
}

/// What active orders have on record for each product.
fn promised(warehouse: &Warehouse) -> BTreeMap<ProductId, u64> {
    let mut promised = BTreeMap::new();
    for record in warehouse.records.values().filter(|record| record.status() == Status::Active) {
        for line in record.lines() {
            *promised.entry(line.product_id).or_default() += line.quantity;
        }
    }
    promised
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_is_ever_oversold((stock, steps) in a_history()) {
        live(stock, steps, |warehouse| {
            for item in warehouse.items.values() {
                prop_assert!(item.reserved() <= item.on_hand());
                prop_assert_eq!(item.available(), item.on_hand() - item.reserved());
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_is_reserved_is_the_sum_of_the_active_reservations((stock, steps) in a_history()) {
        live(stock, steps, |warehouse| {
            let promised = promised(warehouse);
            for (product_id, item) in &warehouse.items {
                prop_assert_eq!(item.reserved(), promised.get(product_id).copied().unwrap_or(0));
                prop_assert_eq!(item.reserved(), item.holds().map(|(_, hold)| hold.quantity).sum::<u64>());
            }
            Ok(())
        })?;
    }

    #[test]
    fn every_piece_stays_accounted_for((stock, steps) in a_history()) {
        live(stock, steps, |warehouse| {
            for item in warehouse.items.values() {
                prop_assert!(item.conservation_holds());
                let is = item.on_hand() + item.shipped_out() + item.written_off();
                prop_assert_eq!(is - item.restocked(), item.initial());
            }
            Ok(())
        })?;
    }

    #[test]
    fn an_order_holds_all_of_its_lines_or_none((stock, steps) in a_history()) {
        live(stock, steps, |warehouse| {
            for n in 1..=ORDERS {
                let held: Vec<_> = warehouse
                    .items
                    .iter()
                    .filter_map(|(id, item)| item.hold(order(n)).map(|hold| (*id, hold.quantity)))
                    .collect();
                let record = warehouse.records.get(&order(n));
                let expected: Vec<_> = record
                    .filter(|record| record.status() == Status::Active)
                    .map(|record| record.lines().iter().map(|l| (l.product_id, l.quantity)).collect())
                    .unwrap_or_default();
                prop_assert_eq!(held, expected);
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_left_the_house_is_what_was_confirmed_to_orders((stock, steps) in a_history()) {
        let mut confirmed = BTreeMap::<ProductId, u64>::new();
        let mut before = BTreeMap::<OrderId, Status>::new();
        live(stock, steps, |warehouse| {
            for record in warehouse.records.values() {
                let was = before.insert(record.order_id(), record.status());
                if record.status() == Status::Confirmed && was != Some(Status::Confirmed) {
                    for line in record.lines() {
                        *confirmed.entry(line.product_id).or_default() += line.quantity;
                    }
                }
            }
            for (product_id, item) in &warehouse.items {
                prop_assert_eq!(item.shipped_out(), confirmed.get(product_id).copied().unwrap_or(0));
            }
            Ok(())
        })?;
    }

    #[test]
    fn replaying_the_stored_events_gives_the_same_state((stock, steps) in a_history()) {
        let warehouse = live(stock, steps, |_| Ok(()))?;
        for (product_id, item) in &warehouse.items {
            let mut replayed = StockItem::default();
            for event in &warehouse.log[product_id] {
                let stored = encode(event).unwrap();
                replayed.apply(&decode(stored.event_type, &stored.payload).unwrap());
            }
            prop_assert_eq!(&replayed, item);
            let snapshot = serde_json::to_vec(item).unwrap();
            prop_assert_eq!(&serde_json::from_slice::<StockItem>(&snapshot).unwrap(), item);
        }
    }

    #[test]
    fn every_request_has_its_effect_once((stock, steps) in a_history()) {
        let doubled = steps.iter().flat_map(|step| match step {
            Step::Request(_) => vec![step.clone(), step.clone()],
            Step::Adjust { .. } | Step::Wait { .. } => vec![step.clone()],
        });
        let twice = live(stock.clone(), doubled.collect(), |_| Ok(()))?;
        let once = live(stock, steps, |_| Ok(()))?;
        prop_assert_eq!(once.log, twice.log);
        prop_assert_eq!(once.records, twice.records);
    }

    #[test]
    fn a_final_record_stays_as_it_is((stock, steps) in a_history()) {
        let mut ended = BTreeMap::<OrderId, Reservation>::new();
        live(stock, steps, |warehouse| {
            for (order_id, record) in &ended {
                prop_assert_eq!(&warehouse.records[order_id], record);
            }
            for record in warehouse.records.values() {
                if !matches!(record.status(), Status::Active | Status::Confirmed) {
                    ended.insert(record.order_id(), record.clone());
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn an_order_never_has_two_events_on_one_item_in_one_settlement_but_for_a_warning(
        (stock, steps) in a_history()
    ) {
        let warehouse = live(stock, steps, |_| Ok(()))?;
        for n in 1..=ORDERS + 1 {
            let settlement = settle(
                warehouse.records.get(&order(n)),
                &reserve(n, [line(1, 1), line(2, 1), line(1, 1)]),
                |id| warehouse.items.get(&id),
                &test_context(),
            );
            for (_, events) in settlement.changes {
                let own = |e: &&StockEvent| !matches!(e, StockEvent::LowStockDetected { .. });
                prop_assert_eq!(events.iter().filter(own).count(), 1);
            }
        }
    }
}
