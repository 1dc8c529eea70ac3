//! Requests that several processes count together, in a real Redis.
// A helper of tests may panic like they do.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use commerce_adapters::http::{Quota, Quotas};
use commerce_adapters::redis::RedisQuotas;
use commerce_test_redis::Redis;

/// A busy machine is not a silent server.
const PATIENCE: Duration = Duration::from_secs(20);

fn quotas(redis: &Redis) -> RedisQuotas {
    RedisQuotas::new(&redis.url()).unwrap().patience(PATIENCE)
}

#[tokio::test]
async fn processes_share_a_clients_quota() {
    let redis = Redis::start();
    let (one, other) = (quotas(&redis), quotas(&redis));
    let quota = Quota::per_minute(3);
    for quotas in [&one, &other, &one] {
        assert_eq!(quotas.take("ann", quota).await, Ok(()));
    }
    let wait = other.take("ann", quota).await.unwrap_err();
    assert!(wait > Duration::from_secs(15) && wait <= Duration::from_secs(20), "{wait:?}");
    assert_eq!(other.take("bob", quota).await, Ok(()), "another client has its own");
    let apart = quotas(&redis).prefix("other-shop:");
    assert_eq!(apart.take("ann", quota).await, Ok(()), "another prefix, another count");
}

#[tokio::test]
async fn a_quota_may_be_none_and_may_never_come_back() {
    let redis = Redis::start();
    let quotas = quotas(&redis);
    assert_eq!(quotas.take("ann", Quota::per_minute(0)).await, Err(Duration::from_secs(60)));
    let quota = Quota { requests: 1, per: Duration::MAX };
    assert_eq!(quotas.take("bob", quota).await, Ok(()));
    assert!(quotas.take("bob", quota).await.is_err());
}

#[tokio::test]
async fn a_quota_comes_back_bit_by_bit() {
    let redis = Redis::start();
    let quotas = quotas(&redis);
    let quota = Quota { requests: 2, per: Duration::from_millis(600) };
    for _ in 0..2 {
        assert_eq!(quotas.take("ann", quota).await, Ok(()));
    }
    let wait = quotas.take("ann", quota).await.unwrap_err();
    assert!(wait <= Duration::from_millis(300), "{wait:?}");
    tokio::time::sleep(wait).await;
    assert_eq!(quotas.take("ann", quota).await, Ok(()));
}

#[tokio::test]
async fn many_at_once_are_let_through_exactly_as_often_as_they_may() {
    let redis = Redis::start();
    let processes: Vec<_> = (0..4).map(|_| std::sync::Arc::new(quotas(&redis))).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200 {
        let quotas = processes[n % 4].clone();
        tasks.spawn(async move {
            quotas.take("ann", Quota { requests: 50, per: Duration::from_secs(3600) }).await
        });
    }
    let let_through = tasks.join_all().await.into_iter().filter(Result::is_ok).count();
    assert_eq!(let_through, 50);
}

#[tokio::test]
async fn without_redis_each_process_counts_by_itself_until_it_is_back() {
    let mut redis = Redis::start();
    let (one, other) = (quotas(&redis), quotas(&redis));
    let quota = Quota::per_minute(1);
    assert_eq!(one.take("ann", quota).await, Ok(()));
    assert!(other.take("ann", quota).await.is_err());
    redis.stop();
    for quotas in [&one, &other] {
        assert_eq!(quotas.take("ann", quota).await, Ok(()), "counted by itself");
        assert!(quotas.take("ann", quota).await.is_err(), "but counted");
    }
    redis.start_again();
    let together = async {
        loop {
            let client = format!("client {:?}", Instant::now());
            let both = (one.take(&client, quota).await, other.take(&client, quota).await);
            if both.0.is_ok() && both.1.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), together).await.expect("they count together again");
}

#[tokio::test]
async fn a_silent_redis_holds_nobody_up() {
    let mut redis = Redis::start();
    let quotas = quotas(&redis).patience(Duration::from_millis(500));
    let quota = Quota::per_minute(100);
    assert_eq!(quotas.take("ann", quota).await, Ok(()));
    redis.pause();
    let begun = Instant::now();
    for _ in 0..50 {
        assert_eq!(quotas.take("ann", quota).await, Ok(()));
    }
    let took = begun.elapsed();
    redis.resume();
    // One waits for its answer, and those after it don't; each would wait half a second.
    assert!(took < Duration::from_secs(15), "{took:?}");
}

#[tokio::test]
async fn a_key_that_is_not_a_counter_is_no_reason_to_fail() {
    let redis = Redis::start();
    let mut connection = connect(&redis).await;
    let _: () =
        ::redis::cmd("SET").arg("commerce:quota:ann").arg("soup").query_async(&mut connection).await.unwrap();
    assert_eq!(quotas(&redis).take("ann", Quota::per_minute(1)).await, Ok(()));
}

#[tokio::test]
async fn counters_are_gone_when_quotas_are_whole_again() {
    let redis = Redis::start();
    let quota = Quota { requests: 10, per: Duration::from_secs(2) };
    assert_eq!(quotas(&redis).take("ann", quota).await, Ok(()));
    let mut connection = connect(&redis).await;
    let left: i64 =
        ::redis::cmd("PTTL").arg("commerce:quota:ann").query_async(&mut connection).await.unwrap();
    assert!((1..=200).contains(&left), "{left} ms");
}

async fn connect(redis: &Redis) -> ::redis::aio::MultiplexedConnection {
    let client = ::redis::Client::open(redis.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

#[test]
fn an_address_that_is_none_is_refused_without_its_password() {
    for url in ["", "localhost", "http://me:sesame@localhost", "redis://me:sesame@:x"] {
        let refused = RedisQuotas::new(url).err().unwrap();
        assert!(!format!("{refused} {refused:?}").contains("sesame"), "{url}");
    }
    assert!(RedisQuotas::new("rediss://me:sesame@cache.example.com:6380/2").is_ok());
}

#[tokio::test]
async fn tls_without_an_answer_is_a_failure_and_no_panic() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rediss://{}", silent.local_addr().unwrap());
    let quotas = RedisQuotas::new(&url).unwrap().patience(Duration::from_millis(100));
    // Each process counts by itself.
    assert_eq!(quotas.take("ann", Quota::per_minute(1)).await, Ok(()));
    assert!(quotas.take("ann", Quota::per_minute(1)).await.is_err());
}
