use commerce_core::id::{CustomerId, Tenant};
use commerce_core::notification::{Mailbox, MailboxMessage};

use super::{open, print};
use crate::cli::MailboxOf;
use crate::exit::Exit;

pub(super) async fn run(args: MailboxOf) -> Result<u8, Exit> {
    let stores = open(&args.store).await?;
    let (mailbox, tenant) = (Mailbox::new(stores.notification.clone()), Tenant::default());
    let limit = usize::from(args.limit);
    let found = match args.user.parse::<CustomerId>() {
        Ok(user) => mailbox.messages(&tenant, user, limit, None).await,
        Err(_) if args.user.contains('@') => mailbox.mailed_to(&tenant, &args.user, limit, None).await,
        Err(_) => return Err(Exit::input(format!("{:?} is no e-mail address and no id", args.user))),
    };
    let messages = found.map_err(Exit::data)?.items;
    for message in &messages {
        match args.json {
            true => print(serde_json::to_string(message).map_err(Exit::data)?)?,
            false => show(message)?,
        }
    }
    if messages.is_empty() && !args.json {
        print("nothing")?;
    }
    Ok(0)
}

fn show(message: &MailboxMessage) -> Result<(), Exit> {
    let MailboxMessage { channel, recipient, subject, body, received_at, .. } = message;
    print(format!("{received_at}  {channel}  {recipient}\n{subject}\n\n{body}\n"))
}
