//! A consumer: each message has its effect once, however often the bus delivers it.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::memory::MemoryStore;
use commerce_core::store::{Query, ReadMessages, Store};
use commerce_core::{Host, commit::NewMessage};
use commerce_outbox::{Bus, Consumer, Envelope, Message, StoreBus, SystemHost};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

#[derive(Serialize, Deserialize)]
struct InvoiceSent {
    invoice: String,
}

impl Message for InvoiceSent {
    const TOPIC: &'static str = "invoices";
    const TYPE: &'static str = "invoice.sent";

    fn key(&self) -> String {
        self.invoice.clone()
    }
}

fn mailer(bus: Arc<dyn Bus>, store: Arc<dyn Store>, host: Arc<dyn Host>) -> Consumer {
    Consumer::new("mailer", bus, store, host).on(|sent: InvoiceSent, mut scope| async move {
        // Effect, answer and the claim of the message are one commit in the consumer's own store.
        let letter = scope.context().new_id(0).to_string();
        let write = DocumentWrite::json("letters", letter, Expected::ABSENT, &sent)?;
        scope.write(|commit| commit.document(write));
        scope.send(NewMessage::new("letters", sent.invoice));
        Ok(scope.finish())
    })
}

#[tokio::test]
async fn each_message_has_its_effect_once() -> Result<(), Box<dyn std::error::Error>> {
    let host: Arc<dyn Host> = Arc::new(SystemHost);
    let shop: Arc<dyn Store> = Arc::new(MemoryStore::new(host.clone()));
    let mail: Arc<dyn Store> = Arc::new(MemoryStore::new(host.clone()));
    let bus = StoreBus::new(host.clone()).source("/shop", shop.clone());

    let sent = InvoiceSent { invoice: "2026-0001".to_owned() };
    shop.commit(Commit::new().message(sent.to_message()?)).await?;
    // The same message once more, as a broker may deliver it twice.
    let all = ReadMessages { partition: 0, after: 0, topics: &[], limit: 1 };
    for recorded in shop.read_messages(all).await?.messages {
        let again = Envelope::from_recorded(&"/shop".into(), recorded)?;
        bus.publish(&[again]).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    }
    let last = InvoiceSent { invoice: "2026-0002".to_owned() };
    shop.commit(Commit::new().message(last.to_message()?)).await?;

    let shutdown = CancellationToken::new();
    let running = tokio::spawn(mailer(Arc::new(bus), mail.clone(), host).run(shutdown.clone()));
    let letters = Query::of(&Tenant::default(), "letters");
    while shop.checkpoint("group/mailer/0").await? < shop.last_message().await? {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    shutdown.cancel();
    running.await??;

    let letters = mail.documents(&letters).await?;
    assert_eq!((shop.last_message().await?, letters.len()), (3, 2));
    Ok(())
}
