//! A server that speaks as much of Stripe's API as the adapter uses, and goes wrong on demand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::{Value, json};

/// In everything that only the customer may see.
pub const SECRET: &str = "sesame0815";

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Nothing.
    None,
    /// 429, before anything is done.
    Limited,
    /// 409: the key is in use.
    InUse,
    /// A proxy answers with this status, in its own words; nothing is done.
    Proxied(u16),
    /// 500 before anything is done; kept under the key.
    FailedBefore,
    /// It is done, and the connection is cut instead of the answer.
    CutAfter,
    /// The connection is cut before anything is done.
    CutBefore,
    /// It is done, and the answer comes after the client's patience.
    SlowAfter,
    /// Nothing is done, and no one answers.
    Never,
    /// It is done much later, when the client has long given up.
    Late,
}

#[derive(Default)]
pub struct Books {
    pub faults: VecDeque<Fault>,
    /// Requests to this path are answered with 503 for as long as it is set.
    pub out_of_order: Option<&'static str>,
    /// The account takes no new charges.
    pub is_closed: bool,
    /// The requests: method and path.
    pub seen: Vec<String>,
    /// By id, in order of creation.
    pub intents: BTreeMap<String, Value>,
    pub refunds: Vec<Value>,
    /// The keys' form and answer.
    kept: BTreeMap<String, (String, u16, Value)>,
    /// What is found by search: what was indexed.
    pub indexed: Vec<String>,
    captures: BTreeMap<String, u32>,
}

impl Books {
    /// How often money was taken for all intents of the key.
    pub fn captures(&self, key: &str) -> u32 {
        let of_key = self.intents.values().filter(|intent| intent["metadata"]["commerce_key"] == key);
        of_key.filter_map(|intent| self.captures.get(intent["id"].as_str()?)).sum()
    }

    /// Stripe forgets idempotency keys after a day; by then everything can be found by search.
    pub fn a_day_passes(&mut self) {
        self.kept.clear();
        self.indexed = self.intents.keys().cloned().collect();
    }

    /// The customer has acted: well, or not.
    pub fn customer_acts(&mut self, id: &str, well: bool) {
        if well {
            self.capture(id);
        } else {
            self.decline(id, "payment_intent_authentication_failure", None);
        }
    }

    fn capture(&mut self, id: &str) {
        let intent = self.intents.get_mut(id).unwrap();
        intent["status"] = json!("succeeded");
        intent["next_action"] = Value::Null;
        intent["amount_received"] = intent["amount"].clone();
        *self.captures.entry(id.to_owned()).or_default() += 1;
    }

    fn decline(&mut self, id: &str, code: &str, decline_code: Option<&str>) -> Value {
        let intent = self.intents.get_mut(id).unwrap();
        intent["status"] = json!("requires_payment_method");
        intent["next_action"] = Value::Null;
        let mut error = json!({"type": "card_error", "code": code, "message": "Your card was declined."});
        if let Some(decline_code) = decline_code {
            error["decline_code"] = json!(decline_code);
        }
        intent["last_payment_error"] = error.clone();
        error["payment_intent"] = intent.clone();
        json!({ "error": error })
    }
}

#[derive(Clone)]
pub struct Server {
    books: Arc<Mutex<Books>>,
    pub url: String,
    pub patience: Duration,
}

impl Server {
    /// On a port of its own.
    pub async fn start(patience: Duration) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { books: Arc::default(), url, patience };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    pub fn will(&self, faults: impl IntoIterator<Item = Fault>) {
        self.books().faults = faults.into_iter().collect();
    }

    /// How many requests to a path with this end came in.
    pub fn seen(&self, method_and_end: (&str, &str)) -> usize {
        let (method, end) = method_and_end;
        self.books().seen.iter().filter(|seen| seen.starts_with(method) && seen.ends_with(end)).count()
    }
}

fn reply(status: u16, body: &Value, is_replay: bool) -> Response<Body> {
    let mut builder = Response::builder().status(status).header("content-type", "application/json");
    if is_replay {
        builder = builder.header("Idempotent-Replayed", "true");
    }
    builder.body(Body::from(body.to_string())).unwrap()
}

fn error(kind: &str, code: &str) -> Value {
    json!({"error": {"type": kind, "code": code, "message": format!("It is {code}.")}})
}

fn proxied(status: u16) -> Response<Body> {
    let page = Body::from("<html>The shop's proxy is sorry</html>");
    Response::builder().status(status).header("content-type", "text/html").body(page).unwrap()
}

/// An answer whose body breaks off.
fn cut() -> Response<Body> {
    let broken =
        futures_util::stream::iter([Ok(Bytes::from_static(b"{\"id")), Err(std::io::Error::other("cut"))]);
    Response::builder().status(200).body(Body::from_stream(broken)).unwrap()
}

async fn answer(
    State(server): State<Server>,
    method: Method,
    uri: Uri,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    form: Bytes,
) -> Response<Body> {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    if header("authorization").as_deref() != Some("Bearer sk_test_right") {
        return reply(401, &error("invalid_request_error", "api_key"), false);
    }
    assert!(header("stripe-version").is_some(), "the version is not pinned");
    let call = Call {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query,
        form: String::from_utf8(form.to_vec()).unwrap(),
        key: header("idempotency-key"),
    };
    let fault = {
        let mut books = server.books();
        books.seen.push(format!("{} {}", call.method, call.path));
        if books.out_of_order.is_some_and(|path| path == call.path) {
            return reply(503, &error("api_error", "out_of_order"), false);
        }
        books.faults.pop_front().unwrap_or(Fault::None)
    };
    match fault {
        Fault::Limited => return reply(429, &error("invalid_request_error", "rate_limit"), false),
        Fault::InUse => return reply(409, &error("idempotency_error", "idempotency_key_in_use"), false),
        Fault::Proxied(status) => return proxied(status),
        Fault::Never => return std::future::pending().await,
        Fault::CutBefore => return cut(),
        Fault::Late => {
            let late = server.clone();
            tokio::spawn(async move {
                tokio::time::sleep(late.patience * 6).await;
                call.done(&mut late.books(), false)
            });
            tokio::time::sleep(server.patience * 2).await;
            return cut();
        }
        Fault::None | Fault::FailedBefore | Fault::CutAfter | Fault::SlowAfter => {}
    }
    let (status, body, is_replay) = call.done(&mut server.books(), fault == Fault::FailedBefore);
    match fault {
        Fault::CutAfter => return cut(),
        Fault::SlowAfter => tokio::time::sleep(server.patience * 2).await,
        _ => {}
    }
    reply(status, &body, is_replay)
}

struct Call {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    form: String,
    key: Option<String>,
}

impl Call {
    /// What the request leads to: status, body, and whether it is an answer that was kept.
    fn done(&self, books: &mut Books, fails: bool) -> (u16, Value, bool) {
        let params = format!("{} {}", self.path, self.form);
        if let Some((first, status, body)) = self.key.as_ref().and_then(|key| books.kept.get(key)) {
            if *first != params {
                return (400, error("idempotency_error", "idempotency_error"), false);
            }
            return (*status, body.clone(), true);
        }
        let (status, body) = if fails { (500, error("api_error", "broken")) } else { self.does(books) };
        // What is refused before it is begun isn't kept.
        if let Some(key) = self.key.as_ref().filter(|_| !matches!(status, 400 | 404)) {
            books.kept.insert(key.clone(), (params, status, body.clone()));
        }
        (status, body, false)
    }

    fn field(&self, name: &str) -> Option<String> {
        let url = reqwest::Url::parse(&format!("http://x/?{}", self.form)).unwrap();
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.field(name)?.parse().ok()
    }

    fn does(&self, books: &mut Books) -> (u16, Value) {
        let path: Vec<&str> = self.path.trim_start_matches("/v1/").split('/').collect();
        match (self.method.as_str(), path.as_slice()) {
            ("POST", ["payment_intents"]) => self.creates(books),
            ("GET", ["payment_intents", "search"]) => {
                let is_found = |id: &&String| {
                    let key = books.intents[*id]["metadata"]["commerce_key"].as_str().unwrap();
                    self.query["query"] == format!("metadata['commerce_key']:'{key}'")
                };
                let data: Vec<_> =
                    books.indexed.iter().filter(is_found).map(|id| &books.intents[id]).collect();
                (200, json!({"object": "search_result", "data": data, "has_more": false}))
            }
            ("GET", ["payment_intents", id]) => (200, books.intents[*id].clone()),
            ("POST", ["payment_intents", id, "confirm"]) => self.confirms(books, id),
            ("POST", ["payment_intents", id, "cancel"]) => {
                let intent = books.intents.get_mut(*id).unwrap();
                if matches!(intent["status"].as_str(), Some("succeeded" | "canceled" | "processing")) {
                    return (400, error("invalid_request_error", "payment_intent_unexpected_state"));
                }
                intent["status"] = json!("canceled");
                (200, intent.clone())
            }
            ("GET", ["refunds"]) => {
                let of = |refund: &&Value| refund["payment_intent"] == self.query["payment_intent"];
                let data: Vec<_> = books.refunds.iter().filter(of).collect();
                (200, json!({"object": "list", "data": data, "has_more": false}))
            }
            ("POST", ["refunds"]) => {
                let refund = json!({
                    "id": format!("re_{}", books.refunds.len()), "status": "succeeded",
                    "payment_intent": self.field("payment_intent"), "amount": self.number("amount"),
                    "metadata": {"commerce_key": self.field("metadata[commerce_key]")},
                });
                books.refunds.push(refund.clone());
                (200, refund)
            }
            _ => (404, error("invalid_request_error", "resource_missing")),
        }
    }

    fn creates(&self, books: &mut Books) -> (u16, Value) {
        if self.field("amount").as_deref() == Some("1") {
            return (400, error("invalid_request_error", "amount_too_small"));
        }
        if books.is_closed {
            return (400, error("invalid_request_error", "account_invalid"));
        }
        let id = format!("pi_{:04}", books.intents.len());
        let intent = json!({
            "id": id, "object": "payment_intent", "status": "requires_payment_method", "livemode": false,
            "amount": self.number("amount"), "amount_received": 0, "currency": self.field("currency"),
            "client_secret": format!("{id}_secret_{SECRET}"), "next_action": null, "last_payment_error": null,
            "automatic_payment_methods": {
                "enabled": true, "allow_redirects": self.field("automatic_payment_methods[allow_redirects]"),
            },
            "metadata": {
                "commerce_key": self.field("metadata[commerce_key]"),
                "payment_id": self.field("metadata[payment_id]"),
            },
        });
        books.intents.insert(id, intent.clone());
        (200, intent)
    }

    /// On a page of its own, if the customer can come back from there; else by Stripe's own software.
    fn next_action(&self, id: &str) -> Value {
        match self.field("return_url") {
            Some(return_url) => json!({
                "type": "redirect_to_url",
                "redirect_to_url": {"url": format!("https://hooks.example/{id}?secret={SECRET}"), "return_url": return_url},
            }),
            None => json!({"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}),
        }
    }

    fn confirms(&self, books: &mut Books, id: &str) -> (u16, Value) {
        let Some(intent) = books.intents.get_mut(id) else {
            return (404, error("invalid_request_error", "resource_missing"));
        };
        if intent["status"] != "requires_payment_method" {
            return (400, error("invalid_request_error", "payment_intent_unexpected_state"));
        }
        let takes_redirects = intent["automatic_payment_methods"]["allow_redirects"] == "always";
        if takes_redirects != self.field("return_url").is_some() {
            return (400, error("invalid_request_error", "parameter_missing"));
        }
        let method = self.field("payment_method").or_else(|| self.field("payment_method_data[card][token]"));
        match method.as_deref() {
            Some("pm_card_declined") => (402, books.decline(id, "card_declined", Some("insufficient_funds"))),
            Some("pm_card_3ds") => {
                intent["status"] = json!("requires_action");
                intent["next_action"] = self.next_action(id);
                (200, intent.clone())
            }
            Some("pm_gone") => (400, error("invalid_request_error", "resource_missing")),
            _ => {
                books.capture(id);
                (200, books.intents[id].clone())
            }
        }
    }
}
