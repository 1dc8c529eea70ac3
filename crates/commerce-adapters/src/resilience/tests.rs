//! The breaker, under paused time.

use std::time::Duration;

use futures_util::FutureExt;
use proptest::prelude::*;
use tokio::sync::oneshot;
use tokio::time::{Instant, advance};

use super::state::Circuit;
use super::*;

const COOL_DOWN: Duration = Duration::from_secs(10);

fn breaker() -> CircuitBreaker {
    CircuitBreaker::new(BreakerOptions { failures: 3, cool_down: COOL_DOWN })
}

async fn fail(breaker: &CircuitBreaker) -> Result<(), CallError<&'static str>> {
    breaker.call(|| async { Err("down") }).await
}

async fn succeed(breaker: &CircuitBreaker) -> Result<(), CallError<&'static str>> {
    breaker.call(|| async { Ok(()) }).await
}

async fn opened() -> CircuitBreaker {
    let breaker = breaker();
    for _ in 0..3 {
        assert_eq!(fail(&breaker).await, Err(CallError::Failed("down")));
    }
    assert_eq!(breaker.state(), CircuitState::Open);
    breaker
}

#[tokio::test(start_paused = true)]
async fn it_opens_after_so_many_failures_in_a_row() {
    let breaker = breaker();
    for _ in 0..2 {
        fail(&breaker).await.unwrap_err();
    }
    succeed(&breaker).await.unwrap();
    for _ in 0..2 {
        fail(&breaker).await.unwrap_err();
    }
    assert_eq!(breaker.state(), CircuitState::Closed);
    fail(&breaker).await.unwrap_err();
    assert_eq!(breaker.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn while_open_no_call_is_begun_and_the_caller_is_told_for_how_long() {
    let breaker = opened().await;
    advance(Duration::from_secs(4)).await;
    let refused = breaker
        .call(|| {
            panic!("it was begun");
            #[expect(unreachable_code, reason = "gives the closure its type")]
            async {
                Ok::<(), ()>(())
            }
        })
        .await;
    assert_eq!(refused, Err(CallError::Open { retry_after: Duration::from_secs(6) }));
    assert_eq!(breaker.stats(), BreakerStats { succeeded: 0, failed: 3, rejected: 1, opened: 1 });
}

#[tokio::test(start_paused = true)]
async fn a_breaker_may_stay_open_for_ever() {
    let breaker = CircuitBreaker::new(BreakerOptions { failures: 1, cool_down: Duration::MAX });
    fail(&breaker).await.unwrap_err();
    assert_eq!(breaker.state(), CircuitState::Open);
    assert!(matches!(succeed(&breaker).await, Err(CallError::Open { .. })));
}

#[tokio::test(start_paused = true)]
async fn after_the_cool_down_one_probe_goes_through_and_closes_it() {
    let breaker = opened().await;
    advance(COOL_DOWN).await;
    assert_eq!(breaker.state(), CircuitState::HalfOpen);
    let (end, ended) = oneshot::channel::<()>();
    let mut probe = Box::pin(breaker.call(|| async { ended.await.map_err(|_| "gone") }));
    assert!(probe.as_mut().now_or_never().is_none());
    assert!(succeed(&breaker).await.unwrap_err().is_open(), "a second call went through");
    end.send(()).unwrap();
    probe.await.unwrap();
    assert_eq!(breaker.state(), CircuitState::Closed);
    succeed(&breaker).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_opens_it_for_another_cool_down() {
    let breaker = opened().await;
    advance(COOL_DOWN).await;
    assert_eq!(fail(&breaker).await, Err(CallError::Failed("down")));
    assert_eq!(succeed(&breaker).await, Err(CallError::Open { retry_after: COOL_DOWN }));
    assert_eq!(breaker.stats().opened, 2);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_makes_room_for_another() {
    let breaker = opened().await;
    advance(COOL_DOWN).await;
    let probe = breaker.call(std::future::pending::<Result<(), ()>>).now_or_never();
    assert!(probe.is_none());
    succeed(&breaker).await.unwrap();
    assert_eq!(breaker.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_began_before_it_opened_moves_nothing() {
    let breaker = breaker();
    let (end, ended) = oneshot::channel::<()>();
    let mut late = Box::pin(breaker.call(|| async { ended.await.map_err(|_| "gone") }));
    assert!(late.as_mut().now_or_never().is_none());
    for _ in 0..3 {
        fail(&breaker).await.unwrap_err();
    }
    end.send(()).unwrap();
    late.await.unwrap();
    assert_eq!(breaker.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn clones_share_one_circuit() {
    let breaker = opened().await;
    assert!(succeed(&breaker.clone()).await.unwrap_err().is_open());
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Begin,
    End { which: usize, well: bool },
    Drop { which: usize },
    Wait { secs: u64 },
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => Just(Move::Begin),
        4 => (any::<usize>(), any::<bool>()).prop_map(|(which, well)| Move::End { which, well }),
        1 => any::<usize>().prop_map(|which| Move::Drop { which }),
        2 => (0_u64..12).prop_map(|secs| Move::Wait { secs }),
    ];
    proptest::collection::vec(one, 0..80)
}

proptest! {
    /// Whatever happens, a breaker that is not closed has at most one call under way that it let through since, and
    /// it never stays shut: after a cool-down without calls one goes through.
    #[test]
    fn it_lets_one_probe_through_and_never_stays_shut(moves in moves()) {
        let options = BreakerOptions { failures: 2, cool_down: COOL_DOWN };
        let (mut circuit, mut now) = (Circuit::new(options), Instant::now());
        let mut calls = Vec::new();
        for next in moves {
            match next {
                Move::Wait { secs } => now += Duration::from_secs(secs),
                Move::Begin => {
                    if let Ok(permit) = circuit.admit(now) {
                        calls.push((permit, circuit.state(now) == CircuitState::HalfOpen));
                    }
                }
                Move::End { which, well } if !calls.is_empty() => {
                    let (permit, _) = calls.swap_remove(which % calls.len());
                    if well { circuit.succeeded(permit) } else { circuit.failed(permit, now) }
                }
                Move::Drop { which } if !calls.is_empty() => {
                    let (permit, _) = calls.swap_remove(which % calls.len());
                    circuit.abandoned(permit);
                }
                Move::End { .. } | Move::Drop { .. } => {}
            }
            prop_assert!(calls.iter().filter(|(_, is_probe)| *is_probe).count() <= 1);
        }
        for (permit, _) in calls {
            circuit.abandoned(permit);
        }
        prop_assert!(circuit.admit(now + COOL_DOWN).is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn it_says_for_how_long_calls_are_held_back() {
    let closed = breaker();
    assert_eq!(closed.held_back(), None);
    let breaker = opened().await;
    assert_eq!(breaker.held_back(), Some(COOL_DOWN));
    advance(COOL_DOWN / 2).await;
    assert_eq!(breaker.held_back(), Some(COOL_DOWN / 2));
    advance(COOL_DOWN / 2).await;
    assert_eq!(breaker.held_back(), None, "the next call is the probe");
    let (end, ended) = oneshot::channel::<()>();
    let probe = tokio::spawn({
        let breaker = breaker.clone();
        async move { breaker.call(|| ended).await }
    });
    tokio::task::yield_now().await;
    assert_eq!(breaker.held_back(), Some(COOL_DOWN));
    end.send(()).unwrap();
    probe.await.unwrap().unwrap();
    assert_eq!(breaker.held_back(), None);
}
