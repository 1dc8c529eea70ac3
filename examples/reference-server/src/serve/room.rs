//! Room for connections.
//!
//! Whoever comes waits while there is none. One client must not keep all others out, health checks among them: of the
//! last tenth nothing is left to an address that holds half of all already, unless it is a trusted proxy's.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use commerce_adapters::http::{Proxies, network_of};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::warn;

/// That there is no room, or why else nobody comes in, is said so often at most.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// So many connections at once.
pub(super) struct Room {
    places: Arc<Semaphore>,
    all: usize,
    proxies: Proxies,
    held: Arc<Mutex<Held>>,
    /// When it was said last that others wait, and that one was turned away.
    told_of_waiting: Option<Instant>,
    told_of_greed: Option<Instant>,
}

/// How many places each network holds.
#[derive(Default)]
struct Held(HashMap<String, usize>);

/// One connection's place, for as long as this lives.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    network: String,
    held: Arc<Mutex<Held>>,
}

impl Room {
    pub(super) fn of(places: usize, proxies: Proxies) -> Self {
        let all = places.min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(all)),
            all,
            proxies,
            held: Arc::default(),
            told_of_waiting: None,
            told_of_greed: None,
        }
    }

    /// Room for one more, as soon as there is some. It is none only once the room is closed, which it never is.
    pub(super) async fn permit(&mut self) -> Option<OwnedSemaphorePermit> {
        if self.places.available_permits() == 0 && is_due(&mut self.told_of_waiting) {
            warn!("as many connections are open as may be: others wait");
        }
        self.places.clone().acquire_owned().await.ok()
    }

    /// The place of this client, unless it has so many that the rest is for others.
    pub(super) fn place(&mut self, permit: OwnedSemaphorePermit, peer: IpAddr) -> Option<Place> {
        let network = network_of(peer);
        let is_scarce = self.places.available_permits() < self.all / 10;
        let has_half = |held: &Held| held.0.get(&network).is_some_and(|held| *held >= self.all / 2);
        let mut held = lock(&self.held);
        if is_scarce && has_half(&held) && !self.proxies.believe(peer) {
            drop(held);
            if is_due(&mut self.told_of_greed) {
                warn!(%network, "a client holds half of all connections and more: it gets none of the last ones");
            }
            return None;
        }
        *held.0.entry(network.clone()).or_default() += 1;
        drop(held);
        Some(Place { _permit: permit, network, held: self.held.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        if let Some(places) = held.0.get_mut(&self.network) {
            *places -= 1;
            if *places == 0 {
                held.0.remove(&self.network);
            }
        }
    }
}

/// Whether it is time to say again what was said then, which it counts as now.
pub(super) fn is_due(told: &mut Option<Instant>) -> bool {
    let is_due = told.is_none_or(|told| told.elapsed() > TOLD_EVERY);
    if is_due {
        *told = Some(Instant::now());
    }
    is_due
}

fn lock(held: &Mutex<Held>) -> std::sync::MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn taken(room: &mut Room, peer: &str) -> Option<Place> {
        let permit = room.permit().await.unwrap();
        room.place(permit, peer.parse().unwrap())
    }

    async fn all_taken(room: &mut Room, peer: &str) -> Vec<Place> {
        let mut places = Vec::new();
        while let Some(place) = taken(room, peer).await {
            places.push(place);
        }
        places
    }

    #[tokio::test]
    async fn the_last_tenth_is_for_those_who_hold_less_than_half() {
        let mut room = Room::of(40, Proxies::default());
        let mut places = all_taken(&mut room, "2001:db8::1").await;
        assert_eq!(places.len(), 36);
        assert!(taken(&mut room, "2001:db8::2").await.is_none(), "it is of the same network");
        let others = [taken(&mut room, "192.0.2.1").await, taken(&mut room, "192.0.2.2").await];
        assert!(others.iter().all(Option::is_some));
        places.truncate(30);
        assert!(taken(&mut room, "2001:db8::1").await.is_some(), "there is room again");
    }

    #[tokio::test]
    async fn trusted_proxies_get_all_and_what_ends_is_forgotten() {
        let mut room = Room::of(40, "192.0.2.0/24".parse().unwrap());
        let mut places = Vec::new();
        for _ in 0..40 {
            places.push(taken(&mut room, "192.0.2.1").await.unwrap());
        }
        drop(places);
        assert!(lock(&room.held).0.is_empty());
    }

    #[tokio::test]
    async fn a_small_room_is_anyones() {
        let mut room = Room::of(2, Proxies::default());
        let places = [taken(&mut room, "192.0.2.1").await, taken(&mut room, "192.0.2.1").await];
        assert!(places.iter().all(Option::is_some));
    }
}
