use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::json;
use uuid::Uuid;

use crate::fixture::memory;
use crate::id::{CustomerId, Tenant};
use crate::memory::MemoryStore;
use crate::notification::{
    Channel, ChannelKind, Channels, Content, Delivery, DeliveryError, Draft, NewNotification, Notifications,
    Operations, Priority, Receipt, RenderError, Renderer, TemplateDetails, Variables,
};
use crate::testing::TestHost;

pub(super) fn user(n: u128) -> CustomerId {
    CustomerId(Uuid::from_u128(n))
}

pub(super) fn tenant() -> Tenant {
    Tenant::default()
}

pub(super) fn variables(pairs: &[(&str, &str)]) -> Variables {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
}

pub(super) fn draft() -> Draft {
    Draft {
        user_id: user(1),
        channel: ChannelKind::Email,
        recipient: Some("ada@example.com".to_owned()),
        subject: "Hello".to_owned(),
        body: Some("How are you?".to_owned()),
        priority: Priority::Normal,
        template_id: None,
        variables: Variables::new(),
        scheduled_at: None,
    }
}

pub(super) fn text_to(user_id: CustomerId, subject: &str) -> NewNotification {
    NewNotification {
        user_id,
        channel: Some(ChannelKind::Email),
        recipient: Some("ada@example.com".to_owned()),
        content: Content::Text { subject: subject.to_owned(), body: "How are you?".to_owned() },
        priority: Priority::Normal,
        scheduled_at: None,
    }
}

pub(super) fn template(name: &str) -> TemplateDetails {
    TemplateDetails {
        name: name.to_owned(),
        description: String::new(),
        channel: ChannelKind::Email,
        subject_template: "Hello {{ name }}".to_owned(),
        body_template: "{{ greeting }}, {{ name }}!".to_owned(),
        default_variables: variables(&[("greeting", "Good day")]),
    }
}

/// Fills in names between double braces, and nothing else.
pub(super) struct Braces;

impl Renderer for Braces {
    fn render(&self, template: &str, variables: &Variables) -> Result<String, RenderError> {
        self.check(template)?;
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").unwrap();
            let missing = || RenderError::MissingVariable { name: name.trim().to_owned() };
            let value = variables.get(name.trim()).ok_or_else(missing)?;
            text += before;
            text += &value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            rest = after;
        }
        Ok(text + rest)
    }

    fn check(&self, template: &str) -> Result<(), RenderError> {
        if template.matches("{{").count() == template.matches("}}").count() {
            return Ok(());
        }
        Err(RenderError::Syntax { line: 1, detail: "a brace is missing".to_owned() })
    }
}

pub(super) type Answer = Result<Receipt, DeliveryError>;

/// A channel that answers what it is told to, and remembers what it was given.
#[derive(Default)]
pub(super) struct Scripted {
    answers: Mutex<VecDeque<Answer>>,
    pub(super) seen: Mutex<Vec<Delivery>>,
}

impl Scripted {
    pub(super) fn answering(answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), seen: Mutex::default() })
    }

    pub(super) fn bodies(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|delivery| delivery.body.clone()).collect()
    }
}

#[async_trait]
impl Channel for Scripted {
    async fn deliver(&self, delivery: &Delivery) -> Answer {
        self.seen.lock().unwrap().push(delivery.clone());
        self.answers.lock().unwrap().pop_front().unwrap_or_else(|| Ok(Receipt::default()))
    }
}

pub(super) struct World {
    pub(super) notifications: Notifications,
    pub(super) store: Arc<MemoryStore>,
    pub(super) host: Arc<TestHost>,
    pub(super) channel: Arc<Scripted>,
}

impl World {
    pub(super) fn new() -> Self {
        Self::answering([])
    }

    pub(super) fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let (store, host) = memory();
        let operations = Operations { user_id: user(99), email: "operations@example.com".to_owned() };
        let notifications =
            Notifications::new(store.clone(), host.clone(), Arc::new(Braces)).with_operations(operations);
        Self { notifications, store, host, channel: Scripted::answering(answers) }
    }

    pub(super) fn channels(&self) -> Channels {
        Channels::all(self.channel.clone())
    }
}
