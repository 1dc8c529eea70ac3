//! The intents of a key: made, found, looked at, called off.

use commerce_core::payment::CaptureRequest;
use serde::Deserialize;

use super::amount::{NotRepresentable, minor_units};
use super::client::{ApiClient, Fields};
use super::failure::{Failure, Refusal};
use super::intent::{Intent, Progress};
use super::{KEY, PAYMENT_ID};

const INTENTS: &str = "/v1/payment_intents";
/// How many keys are tried for the creation of one intent. Each but the last has a server error kept under it.
const CREATIONS: u32 = 3;

#[derive(Deserialize)]
struct Found {
    data: Vec<Intent>,
}

/// Why there is no intent.
#[derive(Debug)]
pub(super) enum NotOpened {
    /// Nor will there be one: the request is refused. Not that there was none before.
    Never { code: String, reason: String },
    /// It isn't known.
    Unknown(Failure),
}

impl From<NotRepresentable> for NotOpened {
    fn from(amount: NotRepresentable) -> Self {
        Self::Never { code: NotRepresentable::CODE.to_owned(), reason: amount.to_string() }
    }
}

impl From<Failure> for NotOpened {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::refused(&refusal),
            failure => Self::Unknown(failure),
        }
    }
}

impl NotOpened {
    fn refused(refusal: &Refusal) -> Self {
        Self::Never { code: refusal.code(), reason: refusal.reason() }
    }
}

impl ApiClient {
    /// The intent of this key, which is made if there is none. It takes nothing. Its state is that of its creation.
    pub(super) async fn open(&self, request: &CaptureRequest) -> Result<Intent, NotOpened> {
        let redirects = self.return_url().is_some();
        match self.create(request, redirects).await {
            // It was made before redirects were turned on, or off: the key knows it by the other form.
            Err(NotOpened::Unknown(Failure::KeyReused(_))) => self.create(request, !redirects).await,
            opened => opened,
        }
    }

    async fn create(&self, request: &CaptureRequest, redirects: bool) -> Result<Intent, NotOpened> {
        let form = creation(request, redirects)?;
        let mut creation = 0;
        loop {
            let key = format!("{}:create:{creation}", request.key);
            match self.post(INTENTS, &form, Some(&key)).await {
                // No one ever gets an intent under this key, so everyone goes on to the same next one.
                Err(Failure::Server { kept: true, .. }) if creation + 1 < CREATIONS => creation += 1,
                answer => return Ok(answer?),
            }
        }
    }

    /// Every intent of this key, as it is now. The first is the one to confirm, if it could be opened.
    ///
    /// [`Never`](NotOpened::Never) is answered only if the search finds nothing either. A key that Stripe remembers
    /// answers with its intent, whatever has become of the account; a refusal may mean that it is forgotten, and what
    /// is as old as that has long been indexed.
    pub(super) async fn intents_of(&self, request: &CaptureRequest) -> Result<Vec<Intent>, NotOpened> {
        let (opened, refused) = match self.open(request).await {
            Ok(opened) => (Some(opened.id), None),
            Err(never @ NotOpened::Never { .. }) => (None, Some(never)),
            Err(unknown) => return Err(unknown),
        };
        let known = self.known_intents(request, opened).await.map_err(NotOpened::Unknown)?;
        match refused {
            Some(never) if known.is_empty() => Err(never),
            _ => Ok(known),
        }
    }

    /// The intent that was opened, and those of the key that the search finds.
    async fn known_intents(
        &self,
        request: &CaptureRequest,
        opened: Option<String>,
    ) -> Result<Vec<Intent>, Failure> {
        let mut intents = Vec::new();
        if let Some(id) = &opened {
            intents.push(self.look(id).await?);
        }
        // What is older than Stripe's memory of the key. It may be out of date, unlike a look.
        let query: Fields =
            vec![("query", format!("metadata['{KEY}']:'{}'", request.key)), ("limit", "100".into())];
        let found: Found = self.get(&format!("{INTENTS}/search"), &query).await?;
        let of_key = found.data.iter().filter(|older| older.is_of(request.key.as_str()));
        for older in of_key.filter(|older| Some(&older.id) != opened.as_ref()) {
            intents.push(self.look(&older.id).await?);
        }
        Ok(intents)
    }

    /// The intent as it is now.
    pub(super) async fn look(&self, id: &str) -> Result<Intent, Failure> {
        // With its charge, which says whether the money was given back.
        self.get(&format!("{INTENTS}/{id}"), &vec![("expand[]", "latest_charge".to_owned())]).await
    }

    pub(super) async fn confirm(&self, intent: &Intent, token: &str) -> Result<Intent, Failure> {
        let mut form: Fields = if token.starts_with("tok_") {
            vec![
                ("payment_method_data[type]", "card".into()),
                ("payment_method_data[card][token]", token.into()),
            ]
        } else {
            vec![("payment_method", token.into())]
        };
        if let Some(return_url) = self.return_url().filter(|_| intent.takes_redirects()) {
            form.push(("return_url", return_url.to_owned()));
        }
        let id = &intent.id;
        self.post(&format!("{INTENTS}/{id}/confirm"), &form, Some(&format!("confirm:{id}"))).await
    }

    /// Calls the intent off; answers how it has ended, which is captured if that came first.
    ///
    /// # Errors
    /// When it can't be said, for one because Stripe is at it.
    pub(super) async fn close(&self, id: &str) -> Result<Intent, Failure> {
        // No idempotency key: a refusal because it was being processed must not be kept.
        let intent = match self.post(&format!("{INTENTS}/{id}/cancel"), &Fields::new(), None).await {
            Err(Failure::Refused(_)) => self.look(id).await?,
            answer => answer?,
        };
        if intent.is_cancelled() || intent.progress() == Progress::Captured {
            return Ok(intent);
        }
        Err(Failure::NoAnswer("it can't be called off at the moment".to_owned()))
    }
}

/// Always the same for a request, or its key would be refused.
fn creation(request: &CaptureRequest, redirects: bool) -> Result<Fields, NotRepresentable> {
    // A redirect needs a page to come back to.
    let allow_redirects = if redirects { "always" } else { "never" };
    Ok(vec![
        ("amount", minor_units(request.amount)?.to_string()),
        ("currency", request.amount.currency().code().to_ascii_lowercase()),
        ("capture_method", "automatic".to_owned()),
        ("automatic_payment_methods[enabled]", "true".to_owned()),
        ("automatic_payment_methods[allow_redirects]", allow_redirects.to_owned()),
        ("metadata[commerce_key]", request.key.to_string()),
        ("metadata[payment_id]", request.payment_id.to_string()),
    ])
}

/// The form above spells these names out.
const _: () = assert!(matches!((KEY.as_bytes(), PAYMENT_ID.as_bytes()), (b"commerce_key", b"payment_id")));
