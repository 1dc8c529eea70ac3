use std::future::Future;
use std::time::{Duration, Instant};

/// Not counted: connections are made, statements prepared, caches filled.
const WARM_UP: Duration = Duration::from_millis(300);

/// Someone who does one thing after the other.
pub(crate) trait Caller: Send + 'static {
    fn call(&mut self) -> impl Future<Output = ()> + Send;
}

/// Lets all of them call at once for so long. Answers how many calls a second ended.
pub(crate) async fn rate<C: Caller>(callers: impl IntoIterator<Item = C>, duration: Duration) -> f64 {
    let start = Instant::now() + WARM_UP;
    let end = start + duration;
    let callers: Vec<_> = callers.into_iter().map(|caller| tokio::spawn(call(caller, start, end))).collect();
    let mut count = 0;
    for caller in callers {
        count += caller.await.unwrap();
    }
    f64::from(count) / duration.as_secs_f64()
}

async fn call(mut caller: impl Caller, start: Instant, end: Instant) -> u32 {
    let mut count = 0;
    loop {
        caller.call().await;
        let now = Instant::now();
        if now >= end {
            return count;
        }
        count += u32::from(now >= start);
    }
}
