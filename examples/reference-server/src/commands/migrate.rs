use std::sync::Arc;

use commerce_core::Host;
use commerce_outbox::SystemHost;
use reference_server::shop::migrate;

use super::{print, url};
use crate::cli::Migrate;
use crate::exit::Exit;

pub(super) async fn run(args: Migrate) -> Result<u8, Exit> {
    let host: Arc<dyn Host> = Arc::new(SystemHost);
    let migrated = migrate(&url(&args.store)?, args.adopt, &host).await.map_err(Exit::data)?;
    for line in migrated {
        print(line)?;
    }
    Ok(0)
}
