//! What a request means, given what became of the order's earlier ones.

use serde::{Deserialize, Serialize};

use super::demand::Demand;
use super::record::{Reservation, ReservationStatus as Status};
use super::rejection::ReservationRejection as Rejection;
use crate::context::Context;
use crate::id::OrderId;
use crate::inventory::Reason;
use crate::time::Timestamp;

/// What can be asked for an order's stock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ReservationRequest {
    /// Keep all of it.
    Reserve {
        /// For which order.
        order_id: OrderId,
        /// What.
        demand: Demand,
        /// Until when: by convention [`DEFAULT_DURATION`](super::DEFAULT_DURATION) from now.
        expires_at: Timestamp,
    },
    /// Hand it out.
    Confirm {
        /// Whose.
        order_id: OrderId,
    },
    /// Give it back, or put it back.
    Release {
        /// Whose.
        order_id: OrderId,
        /// Why.
        reason: Reason,
    },
    /// Give it back if its time is up.
    Expire {
        /// Whose.
        order_id: OrderId,
    },
}

impl ReservationRequest {
    /// The order it is about, which is the record's key.
    pub fn order_id(&self) -> OrderId {
        match self {
            Self::Reserve { order_id, .. }
            | Self::Confirm { order_id }
            | Self::Release { order_id, .. }
            | Self::Expire { order_id } => *order_id,
        }
    }
}

/// What to do about a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// [`reserve_all`](super::reserve_all), then record it as active or rejected.
    Reserve,
    /// [`confirm_all`](super::confirm_all), then record it as confirmed.
    Confirm,
    /// [`release_all`](super::release_all), then record it as released.
    Release,
    /// [`expire_all`](super::expire_all), then record it as expired.
    Expire,
    /// It was handed out: [`restock_all`](super::restock_all), then record it as released.
    Restock,
    /// Record a release without lines: the request to reserve, should it still come, has no effect.
    RecordRelease,
    /// It has had its effect, or needs none: the record stays and is the answer.
    Keep,
    /// Answer so. Nothing changes.
    Refuse(Rejection),
}

impl Reservation {
    /// What the request means, given the record of the same order.
    pub fn decide(existing: Option<&Self>, request: &ReservationRequest, context: &Context) -> Decision {
        match (existing.filter(|record| record.status() != Status::ItemByItem), request) {
            (None, request) => first(request, context.now()),
            (Some(record), ReservationRequest::Reserve { demand, .. }) => record.reserve_again(demand),
            (Some(record), ReservationRequest::Confirm { .. }) => record.confirm(),
            (Some(record), ReservationRequest::Release { .. }) => record.release(),
            (Some(record), ReservationRequest::Expire { .. }) => record.expire(context.now()),
        }
    }

    fn reserve_again(&self, demand: &Demand) -> Decision {
        let order_id = self.order_id();
        if self.released_before_reserved() {
            return Decision::Refuse(Rejection::ReleasedBeforeReserved { order_id });
        }
        if self.lines() != demand.lines() {
            return Decision::Refuse(Rejection::Differs { order_id });
        }
        match self.status() {
            Status::Active | Status::Confirmed => Decision::Keep,
            _ => Decision::Refuse(self.why_it_ended()),
        }
    }

    fn confirm(&self) -> Decision {
        match self.status() {
            Status::Active => Decision::Confirm,
            Status::Confirmed => Decision::Keep,
            _ => Decision::Refuse(self.why_it_ended()),
        }
    }

    fn release(&self) -> Decision {
        match self.status() {
            Status::Active => Decision::Release,
            Status::Confirmed => Decision::Restock,
            _ => Decision::Keep,
        }
    }

    fn expire(&self, now: Timestamp) -> Decision {
        match (self.status(), self.expires_at()) {
            (Status::Active, Some(expires_at)) if expires_at > now => {
                Decision::Refuse(Rejection::NotDue { order_id: self.order_id(), expires_at })
            }
            (Status::Active, _) => Decision::Expire,
            _ => Decision::Keep,
        }
    }

    fn why_it_ended(&self) -> Rejection {
        let order_id = self.order_id();
        match self.status() {
            Status::Expired => Rejection::Expired { order_id },
            Status::Rejected => Rejection::Rejected { order_id, shortages: self.shortages().to_vec() },
            _ => Rejection::Released { order_id },
        }
    }
}

fn first(request: &ReservationRequest, now: Timestamp) -> Decision {
    match *request {
        ReservationRequest::Reserve { order_id, expires_at, .. } if expires_at <= now => {
            Decision::Refuse(Rejection::ExpiresInThePast { order_id, expires_at })
        }
        ReservationRequest::Reserve { .. } => Decision::Reserve,
        ReservationRequest::Release { .. } => Decision::RecordRelease,
        ReservationRequest::Confirm { order_id } | ReservationRequest::Expire { order_id } => {
            Decision::Refuse(Rejection::NotFound { order_id })
        }
    }
}
