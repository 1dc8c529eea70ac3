use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use commerce_outbox::{Bus, BusError, Delivery, Envelope, Health, Receipt, Subscription};
use uuid::Uuid;

use super::faults::{Fault, Faults};
use crate::reply::{PHASE, Phase, REPLY_TO, REPLY_TYPE, SAGA, SAGA_ID, STEP};

/// Set in the receipt of a copy: the bus below knows nothing of it.
const COPY: u64 = 1 << 63;
/// Set in the id of a copy: a moment no clock shows.
const OTHER_ID: u128 = 1 << 127;

/// A bus on which the requests and replies of sagas meet [`Faults`]. Everything else passes.
///
/// A request that is to fail is answered by the bus itself, and never reaches its participant. A repeated request is
/// delivered the second time under another message id, so that no inbox can tell: the participant's barrier must.
pub struct FaultyBus {
    inner: Arc<dyn Bus>,
    faults: Faults,
}

impl FaultyBus {
    /// Over this bus.
    pub fn new(inner: Arc<dyn Bus>, faults: Faults) -> Self {
        Self { inner, faults }
    }
}

impl fmt::Debug for FaultyBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyBus").finish_non_exhaustive()
    }
}

#[async_trait]
impl Bus for FaultyBus {
    async fn publish(&self, messages: &[Envelope]) -> Vec<Result<(), BusError>> {
        self.inner.publish(messages).await
    }

    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Subscription>, BusError> {
        Ok(Box::new(FaultySubscription {
            inner: self.inner.subscribe(group, topics).await?,
            bus: self.inner.clone(),
            faults: self.faults.clone(),
            taken: VecDeque::new(),
            ready: Vec::new(),
            held_back: Vec::new(),
        }))
    }
}

struct FaultySubscription {
    inner: Box<dyn Subscription>,
    bus: Arc<dyn Bus>,
    faults: Faults,
    /// Taken from the bus, with what is to become of each. A message leaves only once that is done, as whoever waits
    /// for the next may stop waiting at any moment.
    taken: VecDeque<(Delivery, Fate)>,
    ready: Vec<Delivery>,
    held_back: Vec<Delivery>,
}

#[derive(Clone)]
enum Fate {
    Pass,
    Lose,
    Answer(Box<Envelope>),
    HoldBack,
}

/// A saga's message.
struct Subject<'a> {
    id: &'a str,
    step: &'a str,
    phase: Phase,
    is_reply: bool,
}

impl FaultySubscription {
    fn take(&mut self, delivery: Delivery) {
        let Some(subject) = Subject::of(&delivery.envelope) else {
            return self.taken.push_back((delivery, Fate::Pass));
        };
        let fate = self.fate(&subject, &delivery.envelope);
        let overtakes = subject.phase == Phase::Undo && !subject.is_reply && matches!(fate, Fate::Pass);
        let late = if overtakes { self.overtaken(&subject) } else { Vec::new() };
        let repeat = !subject.is_reply && matches!(fate, Fate::Pass) && self.faults.repeats();
        let copy = repeat.then(|| copy(&delivery));
        self.taken.push_back((delivery, fate));
        self.taken.extend(copy.into_iter().chain(late).map(|delivery| (delivery, Fate::Pass)));
    }

    fn fate(&self, subject: &Subject<'_>, envelope: &Envelope) -> Fate {
        let can: &[Fault] = match subject {
            Subject { is_reply: true, .. } => &[Fault::LoseReply],
            Subject { phase: Phase::Action, .. } => {
                &[Fault::Fail, Fault::Transient, Fault::LoseRequest, Fault::Overtake]
            }
            _ => &[Fault::Fail, Fault::Transient, Fault::LoseRequest],
        };
        match self.faults.hit(subject.step, subject.phase, can) {
            None => Fate::Pass,
            Some(Fault::LoseRequest | Fault::LoseReply) => Fate::Lose,
            Some(Fault::Overtake) => Fate::HoldBack,
            Some(fault) => match answer(envelope, fault) {
                Some(answer) => Fate::Answer(Box::new(answer)),
                None => Fate::Lose,
            },
        }
    }

    /// The actions that this compensation has overtaken.
    fn overtaken(&mut self, undo: &Subject<'_>) -> Vec<Delivery> {
        let (late, still) = std::mem::take(&mut self.held_back).into_iter().partition(|delivery| {
            Subject::of(&delivery.envelope)
                .is_some_and(|action| action.id == undo.id && action.step == undo.step)
        });
        self.held_back = still;
        late
    }

    async fn settle_taken(&mut self) -> Result<(), BusError> {
        while let Some((delivery, fate)) = self.taken.front().cloned() {
            match fate {
                Fate::Pass => self.ready.push(delivery),
                Fate::HoldBack => self.held_back.push(delivery),
                Fate::Lose => self.inner.ack(&[delivery.receipt]).await?,
                Fate::Answer(answer) => {
                    for result in self.bus.publish(std::slice::from_ref(&*answer)).await {
                        result?;
                    }
                    self.inner.ack(&[delivery.receipt]).await?;
                }
            }
            self.taken.pop_front();
        }
        Ok(())
    }
}

#[async_trait]
impl Subscription for FaultySubscription {
    async fn next(&mut self, max: usize) -> Result<Vec<Delivery>, BusError> {
        loop {
            self.settle_taken().await?;
            if !self.ready.is_empty() {
                return Ok(std::mem::take(&mut self.ready));
            }
            let deliveries = self.inner.next(max).await?;
            if deliveries.is_empty() {
                return Ok(deliveries);
            }
            for delivery in deliveries {
                self.take(delivery);
            }
        }
    }

    async fn ack(&mut self, receipts: &[Receipt]) -> Result<(), BusError> {
        self.inner.ack(&originals(receipts)).await
    }

    async fn nack(&mut self, receipts: &[Receipt]) -> Result<(), BusError> {
        self.inner.nack(&originals(receipts)).await
    }

    fn leaving(&self) -> Vec<usize> {
        self.inner.leaving()
    }

    fn report_to(&mut self, health: &Health) {
        self.inner.report_to(health);
    }

    async fn close(&mut self) -> Result<(), BusError> {
        self.inner.close().await
    }
}

impl<'a> Subject<'a> {
    fn of(envelope: &'a Envelope) -> Option<Self> {
        let header = |name: &str| envelope.headers.get(name).map(String::as_str);
        Some(Self {
            id: header(SAGA_ID)?,
            step: header(STEP)?,
            phase: Phase::parse(header(PHASE)?)?,
            is_reply: &*envelope.message_type == REPLY_TYPE,
        })
    }
}

fn originals(receipts: &[Receipt]) -> Vec<Receipt> {
    receipts.iter().filter(|receipt| receipt.position & COPY == 0).copied().collect()
}

fn copy(delivery: &Delivery) -> Delivery {
    let mut copy = delivery.clone();
    copy.receipt.position |= COPY;
    copy.envelope.id = Uuid::from_u128(copy.envelope.id.as_u128() ^ OTHER_ID);
    copy
}

/// What the participant would have answered.
fn answer(request: &Envelope, fault: Fault) -> Option<Envelope> {
    let mut answer = request.clone();
    answer.topic = request.headers.get(REPLY_TO)?.as_str().into();
    answer.key = request.headers.get(SAGA_ID)?.as_str().into();
    answer.message_type = REPLY_TYPE.into();
    answer.headers.remove(REPLY_TO);
    answer.headers.contains_key(SAGA).then_some(())?;
    answer.causation = Some(request.id);
    answer.id = Uuid::from_u128(request.id.as_u128() ^ OTHER_ID);
    answer.data = serde_json::value::to_raw_value(&fault.reply()).ok()?;
    Some(answer)
}
